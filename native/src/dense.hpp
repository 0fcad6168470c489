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

// f(Index<m>(), block) for all blocks, as evenly as they go at up to Most a time: the weights of m blocks stay in the
// first cache for all rows.
template <int Most, typename F> NEUROC_INLINE void for_blocks(int blocks, F f) {
    for (int block = 0; block < blocks;) {
        const int left = blocks - block, times = (left + Most - 1) / Most, m = (left + times - 1) / times;
        repeat<Most>([&](auto i) NEUROC_INLINE_LAMBDA {
            if (m == i + 1)
                f(Index<decltype(i)::value + 1>(), block);
        });
        block += m;
    }
}

constexpr int MOST_SPARSE = 1024; // inputs of a layer whose zeros are looked for

// Which steps of a row have an input that is not 0; returns how many. `list` has V::LANES entries to spare.
template <int Step> NEUROC_INLINE int find_steps(const int16_t *x, int inputs, uint16_t *list) {
    int n = 0;
    for (int i = 0; i < inputs / Step; ++i) {
        list[n] = uint16_t(i);
        n += (x[Step * i] | x[Step * i + Step - 1]) != 0;
    }
    return n;
}

// One row, only the steps of the list. Few blocks have two sums each, by turns: one alone would wait for itself.
template <typename V, int M, typename Out>
void sparse_tile(const PackedLayer &layer, int block, const int16_t *x, const uint16_t *list, int count, Out *y) {
    constexpr int TURNS = M > 4 ? 1 : 2;
    typename V::Sums acc[TURNS][M];
    repeat<M>([&](auto m) NEUROC_INLINE_LAMBDA {
        acc[TURNS - 1][m] = V::zero();
        acc[0][m] = V::load(layer.constant + (block + m) * V::LANES);
    });
    const size_t size = size_t(layer.inputs) * V::LANES; // weights of a block
    const int16_t *w[M];                                 // of each block: an addition less for every load
    repeat<M>([&](auto m) NEUROC_INLINE_LAMBDA {
        w[m] = layer.weight + (block + m) * size;
        NEUROC_KEEP(w[m]);
    });
    const auto add = [&](auto turn, size_t step) NEUROC_INLINE_LAMBDA {
        const typename V::Input input = V::input(x + step * V::STEP);
        repeat<M>([&](auto m) NEUROC_INLINE_LAMBDA {
            acc[turn][m] = V::add(acc[turn][m], V::weights(w[m] + step * (V::LANES * V::STEP)), input);
        });
    };
    int i = 0;
    for (; i + 2 <= count; i += 2) {
        add(Index<0>(), list[i]);
        add(Index<TURNS - 1>(), list[i + 1]);
    }
    if (i < count)
        add(Index<0>(), list[i]);
    repeat<M>([&](auto m) NEUROC_INLINE_LAMBDA {
        const int o = (block + m) * V::LANES;
        const typename V::Sums sums = TURNS == 1 ? acc[0][m] : V::sum(acc[0][m], acc[TURNS - 1][m]);
        V::store(y + o, V::finish(sums, V::load(layer.shift + o), V::load(layer.lo + o), V::load(layer.hi + o)));
    });
}

// Whether so few steps of some of the rows have inputs that are not 0 that it pays to leave out the others.
template <typename V> bool is_sparse(const PackedLayer &layer, const int16_t *x, size_t x_stride, size_t n) {
    if (!layer.rectified || layer.inputs > MOST_SPARSE)
        return false;
    uint16_t list[MOST_SPARSE + V::LANES];
    int64_t found = 0, seen = 0;
    for (size_t r = 0; r < n; r += 12) {
        found += V::steps(x + r * x_stride, layer.inputs, list);
        seen += layer.inputs / V::STEP;
    }
    return found * 100 < seen * V::SPARSE_PERCENT;
}

template <typename V, typename Out>
void sparse(const PackedLayer &layer, const int16_t *x, size_t x_stride, Out *y, size_t y_stride, size_t n) {
    constexpr size_t ROWS = 96; // whose lists are made before the first block
    const size_t stride = size_t(layer.inputs / V::STEP + V::LANES);
    uint16_t lists[ROWS * (MOST_SPARSE / V::STEP + V::LANES)];
    int counts[ROWS];
    for (; n; x += ROWS * x_stride, y += ROWS * y_stride) {
        const size_t m = n < ROWS ? n : ROWS;
        for (size_t r = 0; r < m; ++r)
            counts[r] = V::steps(x + r * x_stride, layer.inputs, lists + r * stride);
        for_blocks<V::SPARSE_BLOCKS>(layer.blocks, [&](auto blocks, int block) NEUROC_INLINE_LAMBDA {
            constexpr int M = decltype(blocks)::value;
            for (size_t r = 0; r < m; ++r)
                sparse_tile<V, M>(layer, block, x + r * x_stride, lists + r * stride, counts[r], y + r * y_stride);
        });
        n -= m;
    }
}

template <typename V, typename Out>
void dense(const PackedLayer &layer, const int16_t *x, size_t x_stride, Out *y, size_t y_stride, size_t n) {
    if (is_sparse<V>(layer, x, x_stride, n))
        sparse<V>(layer, x, x_stride, y, y_stride, n);
    else
        for_blocks<V::BLOCKS>(layer.blocks, [&](auto blocks, int block) NEUROC_INLINE_LAMBDA {
            dense_rows<V, decltype(blocks)::value>(layer, block, x, x_stride, y, y_stride, n);
        });
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
