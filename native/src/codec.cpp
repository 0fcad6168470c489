#include "codec.hpp"

#include <algorithm>

#include "decoding.hpp"
#include "encoding.hpp"
#include "threads.hpp"

namespace neuroc {
namespace {

const Description &checked(const Description &d) {
    check(d);
    return d;
}

HeadConstants constants_of(const Description &d, const std::vector<int32_t> &exp2) {
    const int finer = std::max(0, -d.head.unit);
    HeadConstants h = {};
    h.sigmoid = d.tables.sigmoid.data();
    h.exp2 = exp2.data();
    h.mantissa = d.tables.mantissa.data();
    h.channels = d.channels;
    h.bits = d.bits;
    h.components = d.head.components;
    h.softmax = d.head.softmax;
    h.chained = d.head.chained;
    h.staged = d.staged();
    h.offset_shift = d.head.offset_shift;
    h.centre_shift = d.head.centre_shift;
    h.coupling_shift = d.head.coupling_shift;
    h.coarser = std::max(0, d.head.unit);
    h.slope = 16 << finer;
    h.offset = 8 << finer;
    if (d.bits % 4)
        h.width[h.digits++] = d.bits % 4;
    for (int i = 0; i < d.bits / 4; ++i)
        h.width[h.digits++] = 4;
    return h;
}

std::vector<int32_t> with_zero(std::vector<int32_t> table) {
    table.push_back(0);
    return table;
}

} // namespace

Codec::Codec(Description description, const Kernel &kernel)
    : description_(std::move(description)), kernel_(kernel), network_(checked(description_).layers, kernel),
      exp2_(with_zero(description_.tables.exp2)), constants_(constants_of(description_, exp2_)) {}

template <typename Sample>
std::vector<std::string> Codec::encode(const Sample *samples, size_t count, Shape shape, Coder coder, int threads,
                                       const Progress &progress) const {
    std::vector<std::string> streams(count);
    const size_t size = size_t(shape.pixels()) * description_.channels;
    run_parallel(count, threads, progress, [&](size_t i, const Advance &advance) {
        Encoding encoding(*this, shape);
        encoding.load(samples + i * size);
        streams[i] = encoding.run(coder, advance);
    });
    return streams;
}

template <typename Sample>
std::vector<StreamFault> Codec::decode(const std::vector<Bytes> &streams, Shape shape, Coder coder, int threads,
                                       Sample *samples, const Progress &progress) const {
    std::vector<StreamFault> faults(streams.size(), StreamFault::none);
    const size_t size = size_t(shape.pixels()) * description_.channels;
    const size_t together = Decoding::together(*this, shape, streams.size(), threads);
    const size_t groups = (streams.size() + together - 1) / together;
    run_parallel(groups, threads, progress, [&](size_t g, const Advance &advance) {
        const size_t first = g * together, n = std::min(together, streams.size() - first);
        Decoding decoding(*this, shape, coder, streams.data() + first, n);
        decoding.run(advance);
        for (size_t i = 0; i < n; ++i) {
            faults[first + i] = decoding.finish(i);
            decoding.store(i, samples + (first + i) * size);
        }
    });
    return faults;
}

template std::vector<std::string> Codec::encode(const uint8_t *, size_t, Shape, Coder, int, const Progress &) const;
template std::vector<std::string> Codec::encode(const uint16_t *, size_t, Shape, Coder, int, const Progress &) const;
template std::vector<StreamFault> Codec::decode(const std::vector<Bytes> &, Shape, Coder, int, uint8_t *,
                                                const Progress &) const;
template std::vector<StreamFault> Codec::decode(const std::vector<Bytes> &, Shape, Coder, int, uint16_t *,
                                                const Progress &) const;

} // namespace neuroc
