// Exact dense layers, blocked for registers, over a vector type V of one instruction set. Included by each kernel.
//
//   acc[M blocks][N rows] += weight[block][step] * x[row][step]        N rows share each load of weights
//
// Sums are below 2^31 in any order (description.cpp proves it), so every order gives the same integers.
#pragma once

#include "symbols.hpp"

#if defined(__clang__)
#define NEUROC_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define NEUROC_UNROLL _Pragma("GCC unroll 16")
#else
#define NEUROC_UNROLL
#endif

namespace neuroc {
namespace {

template <typename V, int M, int N, typename Out>
void dense_tile(const PackedLayer &layer, int block, const int16_t *x, size_t x_stride, Out *y, size_t y_stride) {
    typename V::Sums acc[M][N];
    NEUROC_UNROLL
    for (int m = 0; m < M; ++m) {
        const typename V::Sums constant = V::load(layer.constant + (block + m) * V::LANES);
        NEUROC_UNROLL
        for (int r = 0; r < N; ++r)
            acc[m][r] = constant;
    }
    const size_t size = size_t(layer.inputs) * V::LANES; // weights of a block
    const int16_t *w = layer.weight + block * size;
    for (int i = 0; i < layer.inputs; i += V::STEP) {
        typename V::Weights weight[M];
        NEUROC_UNROLL
        for (int m = 0; m < M; ++m)
            weight[m] = V::weights(w + m * size);
        NEUROC_UNROLL
        for (int r = 0; r < N; ++r) {
            const typename V::Input input = V::input(x + r * x_stride + i);
            NEUROC_UNROLL
            for (int m = 0; m < M; ++m)
                V::add(acc[m][r], weight[m], input);
        }
        w += V::LANES * V::STEP;
    }
    NEUROC_UNROLL
    for (int m = 0; m < M; ++m) {
        const int o = (block + m) * V::LANES;
        const typename V::Sums shift = V::load(layer.shift + o), lo = V::load(layer.lo + o), hi = V::load(layer.hi + o);
        NEUROC_UNROLL
        for (int r = 0; r < N; ++r)
            V::store(y + r * y_stride + o, V::finish(acc[m][r], shift, lo, hi));
    }
}

template <typename V, int M, typename Out>
void dense_rows(const PackedLayer &layer, int block, const int16_t *x, size_t x_stride, Out *y, size_t y_stride,
                size_t n) {
    size_t r = 0;
    for (; r + V::ROWS <= n; r += V::ROWS)
        dense_tile<V, M, V::ROWS>(layer, block, x + r * x_stride, x_stride, y + r * y_stride, y_stride);
    for (; r + 2 <= n; r += 2)
        dense_tile<V, M, 2>(layer, block, x + r * x_stride, x_stride, y + r * y_stride, y_stride);
    for (; r < n; ++r)
        dense_tile<V, M, 1>(layer, block, x + r * x_stride, x_stride, y + r * y_stride, y_stride);
}

template <typename V, typename Out>
void dense(const PackedLayer &layer, const int16_t *x, size_t x_stride, Out *y, size_t y_stride, size_t n) {
    int block = 0; // the weights of V::BLOCKS blocks stay in the first cache for all rows
    for (; block + V::BLOCKS <= layer.blocks; block += V::BLOCKS)
        dense_rows<V, V::BLOCKS>(layer, block, x, x_stride, y, y_stride, n);
    for (; block < layer.blocks; ++block)
        dense_rows<V, 1>(layer, block, x, x_stride, y, y_stride, n);
}

} // namespace
} // namespace neuroc
