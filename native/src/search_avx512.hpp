// quarter() of symbols.hpp up to 8 bits: three boundaries at once, a component of one in each lane.
#pragma once

#include <immintrin.h>

#include "inline.hpp"
#include "kernel.hpp"

namespace neuroc {
namespace {

constexpr int SIGMOID_HALF = 1 << 11;

// Sums of a mixture's components at three boundaries, `apart` of each other from `from` on: lanes 0 to 2. The mixture
// is mean, mantissa, shift, weight, four each; lane 4 (boundary - 1) + component of the registers.
NEUROC_INLINE __m128i sums_of_four(const int32_t *sigmoid, const int32_t *mixture, int32_t from, int32_t apart) {
    const auto four = [&](int part) NEUROC_INLINE_LAMBDA {
        return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i *>(mixture + 4 * part)));
    };
    const __m512i number = _mm512_setr_epi32(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const __m512i b = _mm512_add_epi32(_mm512_set1_epi32(from), _mm512_mullo_epi32(number, _mm512_set1_epi32(apart)));
    __m512i z = _mm512_mullo_epi32(_mm512_sub_epi32(b, four(0)), four(1));
    z = _mm512_add_epi32(_mm512_srav_epi32(z, four(2)), _mm512_set1_epi32(SIGMOID_HALF));
    z = _mm512_min_epi32(_mm512_max_epi32(z, _mm512_setzero_si512()), _mm512_set1_epi32(2 * SIGMOID_HALF - 1));
    const __m512i t = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0x0777, z, sigmoid, 4);
    __m512i f = _mm512_mullo_epi32(t, four(3));
    f = _mm512_add_epi32(f, _mm512_shuffle_epi32(f, _MM_PERM_BADC)); // sums of each group of four
    f = _mm512_add_epi32(f, _mm512_shuffle_epi32(f, _MM_PERM_CDAB));
    return _mm512_castsi512_si128(
        _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), f));
}

// The same with eight each, of which the last three have no weight: two boundaries in a register, the third in half of
// one.
NEUROC_INLINE __m128i sums_of_eight(const int32_t *sigmoid, const int32_t *mixture, int32_t from, int32_t apart) {
    const auto eight = [&](int part) NEUROC_INLINE_LAMBDA {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(mixture + 8 * part));
    };
    const auto twice = [&](int part) NEUROC_INLINE_LAMBDA { return _mm512_broadcast_i32x8(eight(part)); };
    const __m512i number = _mm512_setr_epi32(1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2);
    const __m512i b = _mm512_add_epi32(_mm512_set1_epi32(from), _mm512_mullo_epi32(number, _mm512_set1_epi32(apart)));
    __m512i z = _mm512_mullo_epi32(_mm512_sub_epi32(b, twice(0)), twice(1));
    __m256i y = _mm256_mullo_epi32(_mm256_sub_epi32(_mm256_set1_epi32(from + 3 * apart), eight(0)), eight(1));
    z = _mm512_add_epi32(_mm512_srav_epi32(z, twice(2)), _mm512_set1_epi32(SIGMOID_HALF));
    y = _mm256_add_epi32(_mm256_srav_epi32(y, eight(2)), _mm256_set1_epi32(SIGMOID_HALF));
    z = _mm512_min_epi32(_mm512_max_epi32(z, _mm512_setzero_si512()), _mm512_set1_epi32(2 * SIGMOID_HALF - 1));
    y = _mm256_min_epi32(_mm256_max_epi32(y, _mm256_setzero_si256()), _mm256_set1_epi32(2 * SIGMOID_HALF - 1));
    z = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0x1F1F, z, sigmoid, 4);
    y = _mm256_mmask_i32gather_epi32(_mm256_setzero_si256(), 0x1F, y, sigmoid, 4);
    z = _mm512_mullo_epi32(z, twice(3));
    y = _mm256_mullo_epi32(y, eight(3));
    const __m256i pairs = _mm256_hadd_epi32(_mm512_castsi512_si256(z), _mm512_extracti32x8_epi32(z, 1));
    const __m256i sums = _mm256_hadd_epi32(pairs, _mm256_hadd_epi32(y, y));
    return _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
}

// `mixture` is a Mixture with Padded components: mean, mantissa, shift, weight, so many each.
template <int Padded>
NEUROC_INLINE void search_avx512(const HeadConstants &h, const int32_t *mixture, int64_t room, int64_t span,
                                 int64_t slot, int32_t first, int32_t origin, int32_t step, int rest, int32_t &k,
                                 int32_t &lower, int32_t &upper) {
    static_assert(Padded == 4 || Padded == 8, "components of a mixture");
    const int32_t from = ((first + k) << rest) * h.slope - h.offset, apart = (step << rest) * h.slope;
    const __m128i sums =
        Padded == 4 ? sums_of_four(h.sigmoid, mixture, from, apart) : sums_of_eight(h.sigmoid, mixture, from, apart);
    // C(k) <= slot: room (F - origin) < (slot - k + 1) span
    const __m128i i = _mm_setr_epi32(1, 2, 3, 3);
    const __m128i levels = _mm_mullo_epi32(i, _mm_set1_epi32(step));
    const __m128i uniform = _mm_slli_epi32(_mm_add_epi32(_mm_set1_epi32(first + k), levels), 18 - h.bits + rest);
    const __m128i values = _mm_add_epi32(sums, uniform);
    const __m256i left = _mm256_mul_epu32(_mm256_cvtepi32_epi64(_mm_sub_epi32(values, _mm_set1_epi32(origin))),
                                          _mm256_set1_epi64x(room));
    const __m256i right = _mm256_mul_epi32(
        _mm256_cvtepi32_epi64(_mm_sub_epi32(_mm_set1_epi32(int32_t(slot) - k + 1), levels)), _mm256_set1_epi64x(span));
    const unsigned reached = _mm256_cmplt_epi64_mask(left, right) & 7;
    const int n = _mm_popcnt_u32(reached);
    int32_t ends[8];
    _mm_storeu_si128(reinterpret_cast<__m128i *>(ends + 1), values);
    ends[0] = lower;
    ends[4] = upper;
    k += n * step;
    lower = ends[n];
    upper = ends[n + 1];
}

} // namespace
} // namespace neuroc
