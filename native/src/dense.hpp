// Exact dense layers, blocked for registers, over a vector type V of one instruction set. Included by each kernel.
//
//   acc[M blocks][N rows] += weight[block][step] * x[row][step]        N rows share each load of weights
//
// Sums are below 2^31 in any order (description.cpp proves it), so every order gives the same integers.
#pragma once

#include <utility>

#include "symbols.hpp"

namespace neuroc {
namespace {

template <int I> struct Index {
    static constexpr int value = I;
    constexpr operator int() const { return I; }
};

template <typename F, int... I> NEUROC_INLINE void repeat_each(F f, std::integer_sequence<int, I...>) {
    (f(Index<I>()), ...);
}

// f(0) ... f(N - 1), unrolled by the language: compilers keep an array in registers only where every index is a
// constant from the beginning.
template <int N, typename F> NEUROC_INLINE void repeat(F f) { repeat_each(f, std::make_integer_sequence<int, N>()); }

template <typename V, int M, int N, typename Out>
void dense_tile(const PackedLayer &layer, int block, const int16_t *x, size_t x_stride, Out *y, size_t y_stride) {
    typename V::Sums acc[M][N];
    repeat<M>([&](auto m) NEUROC_INLINE_LAMBDA {
        const typename V::Sums constant = V::load(layer.constant + (block + m) * V::LANES);
        repeat<N>([&](auto r) NEUROC_INLINE_LAMBDA { acc[m][r] = constant; });
    });
    const size_t size = size_t(layer.inputs) * V::LANES; // weights of a block
    const int16_t *w = layer.weight + block * size;
    for (int i = 0; i < layer.inputs; i += V::STEP) {
        typename V::Weights weight[M];
        repeat<M>([&](auto m) NEUROC_INLINE_LAMBDA { weight[m] = V::weights(w + m * size); });
        repeat<N>([&](auto r) NEUROC_INLINE_LAMBDA {
            const typename V::Input input = V::input(x + r * x_stride + i);
            repeat<M>([&](auto m) NEUROC_INLINE_LAMBDA { acc[m][r] = V::add(acc[m][r], weight[m], input); });
        });
        w += V::LANES * V::STEP;
    }
    repeat<M>([&](auto m) NEUROC_INLINE_LAMBDA {
        const int o = (block + m) * V::LANES;
        const typename V::Sums shift = V::load(layer.shift + o), lo = V::load(layer.lo + o), hi = V::load(layer.hi + o);
        repeat<N>([&](auto r)
                      NEUROC_INLINE_LAMBDA { V::store(y + r * y_stride + o, V::finish(acc[m][r], shift, lo, hi)); });
    });
}

template <typename V, int M, typename Out>
void dense_rows(const PackedLayer &layer, int block, const int16_t *x, size_t x_stride, Out *y, size_t y_stride,
                size_t n) {
    constexpr int N = V::ROWS[M - 1];
    const auto rows = [&](auto count, size_t r) NEUROC_INLINE_LAMBDA {
        dense_tile<V, M, decltype(count)::value>(layer, block, x + r * x_stride, x_stride, y + r * y_stride, y_stride);
    };
    size_t r = 0;
    for (; r + N <= n; r += N)
        rows(Index<N>(), r);
    for (; r + 3 <= n; r += 3)
        rows(Index<3>(), r);
    for (; r < n; ++r)
        rows(Index<1>(), r);
}

// Blocks as evenly as they go at up to V::BLOCKS a time; their weights stay in the first cache for all rows.
template <typename V, typename Out>
void dense(const PackedLayer &layer, const int16_t *x, size_t x_stride, Out *y, size_t y_stride, size_t n) {
    for (int block = 0; block < layer.blocks;) {
        const int left = layer.blocks - block, times = (left + V::BLOCKS - 1) / V::BLOCKS;
        const int m = (left + times - 1) / times;
        repeat<V::BLOCKS>([&](auto i) NEUROC_INLINE_LAMBDA {
            if (m == i + 1)
                dense_rows<V, decltype(i)::value + 1>(layer, block, x, x_stride, y, y_stride, n);
        });
        block += m;
    }
}

// y = clamp(y + x, lo, hi)
inline void add16(const int16_t *x, size_t x_stride, int16_t *y, size_t y_stride, size_t width, size_t n, int16_t lo,
                  int16_t hi) {
    for (size_t r = 0; r < n; ++r, x += x_stride, y += y_stride)
        for (size_t i = 0; i < width; ++i)
            y[i] = clamp(int16_t(y[i] + x[i]), lo, hi);
}

} // namespace
} // namespace neuroc
