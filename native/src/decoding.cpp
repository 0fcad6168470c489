#include "decoding.hpp"

#include <algorithm>

namespace neuroc {
namespace {

constexpr size_t ENOUGH_ROWS = 192;
constexpr size_t MOST_TILES = 32;
constexpr int64_t REPORT = 1 << 14; // pixels between two calls of advance

} // namespace

Decoding::Decoding(const Codec &codec, Shape shape, Coder coder, const Bytes *streams, size_t count)
    : codec_(codec), coder_(coder), order_(shape.height, shape.width, codec.description_.slope),
      neighbours_(codec.description_, shape.height, shape.width), width_(shape.width), tiles_(count),
      largest_(size_t(order_.largest())), canvas_size_(neighbours_.cells() * codec.description_.channels),
      canvas_(count * canvas_size_),
      values_(codec.network_, codec.description_.staged() ? count * largest_ : Network::ROWS),
      output_(count * largest_ * codec.network_.output_stride()), base_(count * largest_ * codec.description_.channels),
      known_(base_.size()), symbols_(count * largest_),
      scratch_(count * largest_ * scratch_per_site(codec.constants_.softmax)) {
    const Description &d = codec.description_;
    for (size_t i = 0; i < count; ++i) {
        readers_.emplace_back(coder, streams[i].data, streams[i].size);
        rans_.push_back(readers_.back().rans);
        range_.push_back(readers_.back().range);
        std::fill_n(canvas_.end() - (count - 1 - i) * canvas_size_ - d.channels, d.channels,
                    uint16_t(1 << (d.bits - 1)));
    }
}

size_t Decoding::together(const Codec &codec, Shape shape, size_t count, int threads) {
    const Order order(shape.height, shape.width, codec.description_.slope);
    const size_t average = size_t(shape.pixels() / order.steps()) + 1;
    const size_t rows = codec.description_.staged() ? Network::ROWS : ENOUGH_ROWS;
    const size_t wanted = std::clamp<size_t>(rows / average, 2, MOST_TILES);
    const size_t share = std::max<size_t>(1, count / size_t(std::max(1, threads)));
    return std::min(wanted, share);
}

void Decoding::run(const Advance &advance) {
    int64_t done = 0;
    for (int64_t t = 0; t < order_.steps(); ++t) {
        const int64_t n = order_.end(t) - order_.first(t);
        if (n <= 0)
            continue;
        step(t);
        done += n * int64_t(tiles_);
        if (done >= REPORT) {
            advance(done);
            done = 0;
        }
    }
    advance(done);
    for (size_t i = 0; i < tiles_; ++i) {
        readers_[i].rans = rans_[i];
        readers_[i].range = range_[i];
    }
}

void Decoding::step(int64_t t) {
    const int64_t first = order_.first(t);
    const size_t n = size_t(order_.end(t) - first);
    const int channels = codec_.description_.channels;
    for (int c = 0; c < channels; ++c) {
        if (c < codec_.network_.groups())
            evaluate(t, n, c);
        symbols(c, n);
        for (size_t tile = 0; tile < tiles_; ++tile) {
            uint16_t *canvas = canvas_.data() + tile * canvas_size_ + c;
            for (size_t k = 0; k < n; ++k) {
                const int64_t row = first + int64_t(k);
                canvas[(row * width_ + order_.column(t, row)) * channels] = uint16_t(symbols_[tile * n + k]);
            }
        }
    }
}

// Network outputs of a group at the n pixels of step t in every tile.
void Decoding::evaluate(int64_t t, size_t n, int group) {
    const Network &network = codec_.network_;
    const size_t rows = n * tiles_, channels = size_t(codec_.description_.channels);
    for (size_t begin = 0; begin < rows; begin += Network::ROWS) {
        const size_t m = std::min(Network::ROWS, rows - begin), first = network.groups() > 1 ? begin : 0;
        for (size_t k = 0; k < m; ++k) {
            int16_t *x = values_.inputs(first + k);
            if (group) // what has become known since the group before
                x[neighbours_.context() + size_t(group) - 1] =
                    neighbours_.scaled(known_[(begin + k) * channels + size_t(group) - 1]);
            else
                gather(t, n, begin + k, x);
        }
        network.run(group, values_, first, output_.data() + begin * network.output_stride(), m);
    }
}

// Inputs of row `number` of the n pixels of step t in every tile.
void Decoding::gather(int64_t t, size_t n, size_t number, int16_t *x) {
    const size_t tile = number / n;
    const int64_t row = order_.first(t) + int64_t(number % n);
    neighbours_.gather(canvas_.data() + tile * canvas_size_, row, order_.column(t, row), x,
                       base_.data() + number * size_t(codec_.description_.channels));
}

void Decoding::symbols(int channel, size_t n) {
    const Sites sites = {output_.data(), codec_.network_.output_stride(), base_.data(), known_.data(), symbols_.data(),
                         scratch_.data()};
    const int streams = int(tiles_);
    if (coder_ == Coder::rans24)
        codec_.kernel_.decode_rans(codec_.constants_, sites, channel, n, rans_.data(), streams);
    else
        codec_.kernel_.decode_range(codec_.constants_, sites, channel, n, range_.data(), streams);
}

} // namespace neuroc
