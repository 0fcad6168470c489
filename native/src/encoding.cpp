#include "encoding.hpp"

#include <algorithm>

namespace neuroc {
namespace {

constexpr int64_t REPORT = 1 << 14; // pixels between two calls of advance

size_t symbol_count(const Description &d, int digits, Shape shape) {
    const uint64_t n = uint64_t(shape.pixels()) * d.channels * digits;
    if (n >= uint64_t(1) << 32)
        throw Unsupported("a tile has 2^32 symbols or more");
    return size_t(n);
}

} // namespace

Encoding::Encoding(const Codec &codec, Shape shape)
    : codec_(codec), order_(shape.height, shape.width, codec.description_.slope),
      neighbours_(codec.description_, shape.height, shape.width), shape_(shape),
      canvas_(neighbours_.cells() * codec.description_.channels), values_(codec.network_, Network::ROWS),
      output_(Network::ROWS * codec.network_.output_stride()), base_(Network::ROWS * codec.description_.channels),
      known_(base_.size()), symbols_(Network::ROWS), pixel_(Network::ROWS), place_(Network::ROWS), step_(Network::ROWS),
      start_(symbol_count(codec.description_, codec.constants_.digits, shape)), freq_(start_.size()) {
    const Description &d = codec.description_;
    std::fill_n(canvas_.end() - d.channels, d.channels, uint16_t(1 << (d.bits - 1)));
}

std::string Encoding::run(Coder coder, const Advance &advance) {
    const Description &d = codec_.description_;
    const size_t per_pixel = size_t(d.channels) * codec_.constants_.digits;
    size_t rows = 0, before = 0; // pixels in the block, pixels of the steps before
    int64_t done = 0;
    for (int64_t t = 0; t < order_.steps(); ++t) {
        const int64_t first = order_.first(t), n = order_.end(t) - first;
        for (int64_t k = 0; k < n; ++k) {
            const int64_t i = first + k, j = order_.column(t, i);
            pixel_[rows] = size_t(i * shape_.width + j);
            // A step codes channel by channel, digit by digit, and within a digit its pixels.
            place_[rows] = uint32_t(before * per_pixel + size_t(k));
            step_[rows] = uint32_t(n);
            neighbours_.gather(canvas_.data(), i, j, values_.inputs(rows), base_.data() + rows * d.channels);
            if (++rows == Network::ROWS) {
                block(rows);
                rows = 0;
            }
        }
        before += n > 0 ? size_t(n) : 0;
        done += n > 0 ? n : 0;
        if (done >= REPORT) {
            advance(done);
            done = 0;
        }
    }
    if (rows)
        block(rows);
    advance(done);
    return encode(coder, start_.data(), freq_.data(), start_.size());
}

void Encoding::block(size_t rows) {
    const int channels = codec_.description_.channels;
    const Sites sites = {output_.data(), codec_.network_.output_stride(), base_.data(), known_.data(), symbols_.data(),
                         nullptr};
    for (int c = 0; c < channels; ++c) {
        if (c && c < codec_.network_.groups())
            for (size_t k = 0; k < rows; ++k)
                values_.inputs(k)[neighbours_.context() + size_t(c) - 1] =
                    neighbours_.scaled(known_[k * size_t(channels) + size_t(c) - 1]);
        if (c < codec_.network_.groups())
            codec_.network_.run(c, values_, 0, output_.data(), rows);
        for (size_t k = 0; k < rows; ++k)
            symbols_[k] = canvas_[pixel_[k] * channels + c];
        codec_.kernel_.intervals(codec_.constants_, sites, c, rows, place_.data(), step_.data(), start_.data(),
                                 freq_.data());
        for (size_t k = 0; k < rows; ++k)
            place_[k] += step_[k] * uint32_t(codec_.constants_.digits);
    }
}

} // namespace neuroc
