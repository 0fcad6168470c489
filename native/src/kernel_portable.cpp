// Plain C++, for every processor; compilers make vectors of the loops over lanes.
#include "coders.hpp"
#include "dense.hpp"

namespace neuroc {
namespace {

struct Portable {
    static constexpr int LANES = 8, STEP = 1, BLOCKS = 1;
    static constexpr int ROWS[] = {4};
    static constexpr int SPARSE_BLOCKS = 4, SPARSE_PERCENT = 30;
    struct Sums {
        int32_t v[LANES];
    };
    using Weights = const int16_t *;
    using Input = int32_t;

    static NEUROC_INLINE Sums load(const int32_t *p) {
        Sums s;
        for (int i = 0; i < LANES; ++i)
            s.v[i] = p[i];
        return s;
    }
    static NEUROC_INLINE Weights weights(const int16_t *p) { return p; }
    static NEUROC_INLINE Input input(const int16_t *p) { return *p; }
    static NEUROC_INLINE Sums add(Sums sums, Weights w, Input x) {
        for (int i = 0; i < LANES; ++i)
            sums.v[i] += w[i] * x;
        return sums;
    }
    static NEUROC_INLINE Sums zero() { return {}; }
    static NEUROC_INLINE Sums sum(Sums a, Sums b) {
        for (int i = 0; i < LANES; ++i)
            a.v[i] += b.v[i];
        return a;
    }
    static NEUROC_INLINE int steps(const int16_t *x, int inputs, uint16_t *list) {
        return find_steps<STEP>(x, inputs, list);
    }
    static NEUROC_INLINE Sums finish(Sums sums, Sums shift, Sums lo, Sums hi) {
        for (int i = 0; i < LANES; ++i)
            sums.v[i] = clamp(sums.v[i] >> shift.v[i], lo.v[i], hi.v[i]);
        return sums;
    }
    template <typename Out> static NEUROC_INLINE void store(Out *p, Sums y) {
        for (int i = 0; i < LANES; ++i)
            p[i] = Out(y.v[i]);
    }
};

} // namespace

extern const Kernel KERNEL_PORTABLE;
const Kernel KERNEL_PORTABLE = {
    "portable",  Portable::LANES, false,    dense<Portable, int16_t>, dense<Portable, int32_t>, add16,
    decode_rans, decode_range,    intervals};

} // namespace neuroc
