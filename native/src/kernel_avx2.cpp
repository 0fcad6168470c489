// AVX2: 8 outputs in a register, vpmaddwd multiplies pairs of int16 and adds the two products.
#if defined(__AVX2__) || (defined(_MSC_VER) && defined(_M_X64))

#include <immintrin.h>
#include <string.h>

#include "coders.hpp"
#include "dense.hpp"

namespace neuroc {
namespace {

struct Avx2 {
    using Sums = __m256i;
    using Weights = __m256i;
    using Input = __m256i;
    static constexpr int LANES = 8, STEP = 2, BLOCKS = 2;
    static constexpr int ROWS[] = {12, 6}; // 12 sums, 2 weights, 1 input, 1 product
    static constexpr int SPARSE_BLOCKS = 8, SPARSE_PERCENT = 60;

    static NEUROC_INLINE Sums load(const int32_t *p) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
    }
    static NEUROC_INLINE Weights weights(const int16_t *p) {
        return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(p));
    }
    static NEUROC_INLINE Input input(const int16_t *p) {
        int32_t pair;
        memcpy(&pair, p, sizeof pair);
        return _mm256_set1_epi32(pair);
    }
    static NEUROC_INLINE Sums add(Sums sums, Weights w, Input x) {
        return _mm256_add_epi32(sums, _mm256_madd_epi16(w, x));
    }
    static NEUROC_INLINE Sums zero() { return _mm256_setzero_si256(); }
    static NEUROC_INLINE Sums sum(Sums a, Sums b) { return _mm256_add_epi32(a, b); }
    static NEUROC_INLINE int steps(const int16_t *x, int inputs, uint16_t *list) {
        return find_steps<STEP>(x, inputs, list);
    }
    static NEUROC_INLINE Sums finish(Sums sums, Sums shift, Sums lo, Sums hi) {
        return _mm256_min_epi32(_mm256_max_epi32(_mm256_srav_epi32(sums, shift), lo), hi);
    }
    static NEUROC_INLINE void store(int32_t *p, Sums y) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), y); }
    static NEUROC_INLINE void store(int16_t *p, Sums y) {
        const __m128i narrow = _mm_packs_epi32(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(p), narrow);
    }
};

} // namespace

extern const Kernel KERNEL_AVX2;
const Kernel KERNEL_AVX2 = {"avx2",      Avx2::LANES,  true,     dense<Avx2, int16_t>, dense<Avx2, int32_t>, add16,
                            decode_rans, decode_range, intervals};

} // namespace neuroc

#endif
