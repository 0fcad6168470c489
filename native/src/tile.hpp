// A tile: the order of its pixels and the neighbours of each (SPEC sections 12.1, 12.3, 12.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "description.hpp"

namespace neuroc {

// The pixels of a tile, step by step, in a step from the top row down.
class Order {
  public:
    Order(int64_t height, int64_t width, int slope)
        : height_(height), width_(width), slope_(slope ? slope : width), last_(width - 1 + slope_ * (height - 1)) {}

    int64_t steps() const { return last_ + 1; }
    // Rows of step t: [first, end); empty for a number without a pixel. The pixel of row i is in column t - slope i.
    int64_t first(int64_t t) const { return t < width_ ? 0 : (t - width_ + slope_) / slope_; }
    int64_t end(int64_t t) const { return t / slope_ + 1 < height_ ? t / slope_ + 1 : height_; }
    int64_t column(int64_t t, int64_t row) const { return t - slope_ * row; }
    // Pixels of the largest step, or a little more.
    int64_t largest() const {
        const int64_t n = (width_ + slope_ - 1) / slope_;
        return n < height_ ? n : height_;
    }

  private:
    int64_t height_, width_, slope_, last_;
};

// Where the neighbours of a pixel stand in a canvas: (H W + 1) cells of C samples, the last cell the constant.
class Neighbours {
  public:
    Neighbours(const Description &d, int64_t height, int64_t width);

    size_t cells() const { return size_t(height_ * width_ + 1); }

    // What the network sees of a difference of twice a sample.
    int16_t scaled(int32_t difference) const {
        const Context &c = d_.context;
        const int32_t d = (difference * (1 << c.left_shift) + (1 << c.right_shift >> 1)) >> c.right_shift;
        return int16_t(d < -c.limit ? -c.limit : (d > c.limit ? c.limit : d));
    }

    // Inputs of taps and levels: all that do not depend on the pixel itself.
    size_t context() const { return (offsets_.size() + size_t(d_.context.levels)) * size_t(d_.channels); }

    // These inputs, and base (channels), of pixel (i, j).
    void gather(const uint16_t *canvas, int64_t i, int64_t j, int16_t *x, int32_t *base) const;

  private:
    template <int C> void inside(const uint16_t *cell, int16_t *x, int32_t *base) const;
    template <typename Cell> void any(const Cell &cell, int16_t *x, int32_t *base) const;
    int64_t cell(int64_t i, int64_t j, const Tap &tap) const;

    const Description &d_;
    int64_t height_, width_;
    int64_t above_ = 0, below_ = 0, before_ = 0, after_ = 0; // how far the taps reach
    std::vector<int64_t> offsets_;                           // of the taps, in samples
    int64_t left_, up_;
};

} // namespace neuroc
