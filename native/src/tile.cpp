#include "tile.hpp"

#include <algorithm>

namespace neuroc {

Neighbours::Neighbours(const Description &d, int64_t height, int64_t width) : d_(d), height_(height), width_(width) {
    for (const Tap &t : d.context.taps) {
        above_ = std::max<int64_t>(above_, -t.di);
        below_ = std::max<int64_t>(below_, t.di);
        before_ = std::max<int64_t>(before_, -t.dj);
        after_ = std::max<int64_t>(after_, t.dj);
        offsets_.push_back((t.di * width + t.dj) * d.channels);
    }
    left_ = offsets_[d.context.left];
    up_ = offsets_[d.context.up];
}

// The neighbour rule: the flat position of a tap, or H W for the constant.
int64_t Neighbours::cell(int64_t i, int64_t j, const Tap &tap) const {
    const int64_t y = i + tap.di, x = j + tap.dj;
    if (y >= 0 && y < height_ && x >= 0 && x < width_)
        return y * width_ + x;
    if (y >= 0 && y < i)
        return y * width_ + std::clamp<int64_t>(x, 0, width_ - 1);
    if (j > 0)
        return i * width_ + j - 1;
    return i > 0 ? (i - 1) * width_ : height_ * width_;
}

template <int C> void Neighbours::inside(const uint16_t *cell, int16_t *x, int32_t *base) const {
    for (int c = 0; c < C; ++c)
        base[c] = int32_t(cell[left_ + c]) + cell[up_ + c];
    const int shift = d_.context.left_shift;
    for (const int64_t offset : offsets_)
        for (int c = 0; c < C; ++c)
            *x++ = int16_t((2 * int32_t(cell[offset + c]) - base[c]) * (1 << shift));
}

template <typename Cell> void Neighbours::any(const Cell &cell, int16_t *x, int32_t *base) const {
    const Context &context = d_.context;
    const uint16_t *left = cell(context.left), *up = cell(context.up);
    for (int c = 0; c < d_.channels; ++c)
        base[c] = int32_t(left[c]) + up[c];
    for (int t = 0; t < int(context.taps.size()); ++t) {
        const uint16_t *tap = cell(t);
        for (int c = 0; c < d_.channels; ++c)
            *x++ = scaled(2 * int32_t(tap[c]) - base[c]);
    }
}

void Neighbours::gather(const uint16_t *canvas, int64_t i, int64_t j, int16_t *x, int32_t *base) const {
    const uint16_t *here = canvas + (i * width_ + j) * d_.channels;
    const bool interior = i >= above_ && i + below_ < height_ && j >= before_ && j + after_ < width_;
    // Without a right shift nothing is rounded, and the limit is beyond what samples can give.
    const int32_t most = ((2 << d_.bits) - 2) << d_.context.left_shift;
    const bool plain = d_.context.right_shift == 0 && most <= d_.context.limit;
    if (interior && plain && d_.channels == 3)
        inside<3>(here, x, base);
    else if (interior && plain && d_.channels == 1)
        inside<1>(here, x, base);
    else if (interior)
        any([&](int t) { return here + offsets_[t]; }, x, base);
    else
        any([&](int t) { return canvas + cell(i, j, d_.context.taps[t]) * d_.channels; }, x, base);
    if (d_.context.levels)
        for (int c = 0; c < d_.channels; ++c)
            x[offsets_.size() * d_.channels + c] = scaled(base[c] - ((1 << d_.bits) - 1));
}

} // namespace neuroc
