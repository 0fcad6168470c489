// AVX-512 with VNNI: 16 outputs in a register, vpdpwssd adds products of pairs of int16 into int32.
#if defined(__AVX512VNNI__) || (defined(_MSC_VER) && defined(_M_X64))

#include <immintrin.h>
#include <string.h>

#define NEUROC_SEARCH search_avx512
#include "search_avx512.hpp"
#define NEUROC_SOFTMAX softmax_avx512
#include "softmax_avx512.hpp"

#include "coders.hpp"
#include "dense.hpp"

namespace neuroc {
namespace {

struct Avx512 {
    using Sums = __m512i;
    using Weights = __m512i;
    using Input = __m512i;
    static constexpr int LANES = 16, STEP = 2, BLOCKS = 5;
    static constexpr int ROWS[] = {16, 12, 8, 6, 5}; // 24 sums, 4 weights, 1 input
    static constexpr int SPARSE_BLOCKS = 8, SPARSE_PERCENT = 60;

    static NEUROC_INLINE Sums load(const int32_t *p) { return _mm512_loadu_si512(p); }
    static NEUROC_INLINE Weights weights(const int16_t *p) { return _mm512_loadu_si512(p); }
    static NEUROC_INLINE Input input(const int16_t *p) {
        int32_t pair;
        memcpy(&pair, p, sizeof pair);
        return _mm512_set1_epi32(pair);
    }
    static NEUROC_INLINE Sums add(Sums sums, Weights w, Input x) {
#if defined(__GNUC__) && !defined(__clang__)
        // gcc 12 copies and spills the sums around the intrinsic, which costs half of the speed.
        __asm__("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(w), "v"(x));
        return sums;
#else
        return _mm512_dpwssd_epi32(sums, w, x);
#endif
    }
    static NEUROC_INLINE Sums zero() { return _mm512_setzero_si512(); }
    static NEUROC_INLINE Sums sum(Sums a, Sums b) { return _mm512_add_epi32(a, b); }
    static NEUROC_INLINE int steps(const int16_t *x, int inputs, uint16_t *list) {
        int n = 0;
        __m512i number = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        for (int i = 0; i < inputs; i += 32) {
            const int left = (inputs - i) / 2;
            const __mmask16 there = __mmask16(left < 16 ? (1 << left) - 1 : 0xFFFF);
            const __m512i pairs = _mm512_maskz_loadu_epi32(there, x + i);
            const __mmask16 some = _mm512_test_epi32_mask(pairs, pairs);
            const __m256i found = _mm512_cvtepi32_epi16(_mm512_maskz_compress_epi32(some, number));
            _mm256_storeu_si256(reinterpret_cast<__m256i *>(list + n), found);
            n += _mm_popcnt_u32(some);
            number = _mm512_add_epi32(number, _mm512_set1_epi32(16));
        }
        return n;
    }
    static NEUROC_INLINE Sums finish(Sums sums, Sums shift, Sums lo, Sums hi) {
        return _mm512_min_epi32(_mm512_max_epi32(_mm512_srav_epi32(sums, shift), lo), hi);
    }
    static NEUROC_INLINE void store(int32_t *p, Sums y) { _mm512_storeu_si512(p, y); }
    static NEUROC_INLINE void store(int16_t *p, Sums y) {
        _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), _mm512_cvtepi32_epi16(y));
    }
};

} // namespace

extern const Kernel KERNEL_AVX512;
const Kernel KERNEL_AVX512 = {
    "avx512-vnni", Avx512::LANES, true,     dense<Avx512, int16_t>, dense<Avx512, int32_t>, add16,
    decode_rans,   decode_range,  intervals};

} // namespace neuroc

#endif
