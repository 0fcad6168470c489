// Every kernel of this build on made-up networks and pictures: streams must be equal, come back, and survive damage.
// Prints one line a case with a hash of the streams, to compare machines: see crosscheck.sh, sanitize.sh.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "../src/codec.hpp"

using namespace neuroc;

namespace {

struct Random {
    uint64_t state = 88172645463325252u;
    uint32_t next() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return uint32_t(state >> 32);
    }
    int between(int lo, int hi) { return lo + int(next() % uint32_t(hi - lo + 1)); }
};

Layer layer(Random &r, int inputs, int outputs, int largest, int lo, int hi) {
    Layer l;
    l.inputs = inputs;
    l.outputs = outputs;
    for (int i = 0; i < inputs * outputs; ++i)
        l.weight.push_back(int16_t(r.between(-largest, largest)));
    for (int o = 0; o < outputs; ++o) {
        l.constant.push_back(r.between(-20000, 20000));
        l.shift.push_back(r.between(6, 11));
        l.lo.push_back(lo);
        l.hi.push_back(hi);
    }
    return l;
}

enum class Kind { chain, mixtures, softmaxes }; // the last two in groups

// Layers in groups, one for each channel: a first one, two of a residual block, the head.
std::vector<Node> grouped(Random &r, int channels, int context, bool softmax) {
    std::vector<Node> nodes(4);
    int before = 0;
    for (int c = 0; c < channels; ++c) {
        const int width = 19 + 7 * c;
        const int all = before + width;
        nodes[0].groups.push_back(layer(r, context + c, width, 300, -2047, 2047));
        nodes[1].groups.push_back(layer(r, all, width, 90, 0, 2047));
        nodes[2].groups.push_back(layer(r, all, width, 90, -4094, 4094));
        Layer head = layer(r, all, softmax ? 256 : 15, 200, -4095, 4095);
        for (int o = 5; o < 10 && !softmax; ++o) {
            head.lo[o] = -896;
            head.hi[o] = 640;
        }
        nodes[3].groups.push_back(head);
        before = all;
    }
    for (int n = 0; n < 4; ++n)
        nodes[n].source = n;
    nodes[2].added = 1;
    nodes[2].lo = 0;
    nodes[2].hi = 2047;
    return nodes;
}

Description description(Random &r, int channels, int bits, int slope, Kind kind) {
    Description d;
    d.channels = channels;
    d.bits = bits;
    d.slope = slope;
    d.context.taps = {{-1, 0}, {0, -1}, {-1, -1}, {0, -2}, {-2, 0}};
    if (slope != 1)
        d.context.taps.push_back({-1, 2});
    else
        d.context.taps.push_back({1, -2});
    d.context.up = 0;
    d.context.left = 1;
    d.context.left_shift = bits > 8 ? 2 : 8 - bits;
    d.context.right_shift = bits > 8 ? 3 : 0;
    d.context.limit = bits > 8 ? 4080 : 1020;
    const int in = int(d.context.taps.size()) * channels, pairs = channels * (channels - 1) / 2;
    Layer head = layer(r, 65, 3 * (3 * channels + pairs), 200, 0, 0);
    for (int o = 0; o < head.outputs; ++o) {
        const int kind = o / (3 * channels);
        const int most = kind == 0 ? 16383 : kind == 1 ? 640 : kind == 2 ? 4095 : 1023;
        head.hi[o] = most;
        head.lo[o] = kind == 1 ? -896 : -most;
    }
    d.layers = chain({layer(r, in, 37, 300, 0, 4095), layer(r, 37, 65, 90, -2000, 4095), head});
    const int unit = bits > 8 ? 3 : bits - 8;
    d.head = {false, false, 3, unit, unit > 0 ? unit : 0, 3 + (unit < 0 ? -unit : 0), 5};
    if (kind != Kind::chain) {
        d.context.levels = true;
        d.layers = grouped(r, channels, in + channels, kind == Kind::softmaxes);
        d.head = {kind == Kind::softmaxes, true, 5, unit, 0, 3, 5};
    }
    const int size = bits > 8 ? 1 << 18 : 1 << 12;
    for (int i = 0; i < size; ++i)
        d.tables.sigmoid.push_back(int32_t(65536.0 * i / size));
    for (int i = 0; i < 4096; ++i)
        d.tables.exp2.push_back(65536 >> (i / 256));
    for (int i = 0; i < 128; ++i)
        d.tables.mantissa.push_back(512 + 4 * i);
    return d;
}

void require(bool condition, const char *what) {
    if (!condition) {
        std::printf("FAILED: %s\n", what);
        std::exit(1);
    }
}

template <typename Sample> void run(int channels, int bits, int slope, Coder coder, Kind network = Kind::chain) {
    Random r;
    const Description d = description(r, channels, bits, slope, network);
    uint64_t hash = 14695981039346656037u;
    for (const Shape shape : {Shape{1, 1}, Shape{1, 8}, Shape{9, 2}, Shape{11, 10}}) {
        const size_t tiles = 3, size = size_t(shape.pixels()) * channels;
        std::vector<Sample> x(tiles * size), y(x.size());
        for (size_t i = 0; i < x.size(); ++i)
            x[i] = Sample((i / 7 + (r.next() & 7)) & ((1u << bits) - 1));
        std::vector<std::string> first;
        for (int k = 0; k < available_kernels().count; ++k) {
            const Codec codec(d, *available_kernels().kernels[k]);
            const auto streams = codec.encode(x.data(), tiles, shape, coder, 2, nullptr);
            if (k == 0)
                first = streams;
            require(streams == first, "kernels write different streams");
            const auto decode = [&](const std::vector<std::string> &from) {
                std::vector<Bytes> bytes;
                for (const std::string &s : from)
                    bytes.push_back({reinterpret_cast<const unsigned char *>(s.data()), s.size()});
                return codec.decode(bytes, shape, coder, 1, y.data(), nullptr);
            };
            for (const StreamFault fault : decode(streams))
                require(fault == StreamFault::none, "a sound stream is refused");
            require(x == y, "other samples come back");
            Random r; // its own: the pictures must not depend on how many kernels there are
            for (int damage = 0; damage < 6; ++damage) {
                std::vector<std::string> bad = streams;
                std::string &s = bad[damage % tiles];
                if (damage % 3 == 0)
                    s.resize(r.next() % (s.size() + 1));
                else if (damage % 3 == 1)
                    s[r.next() % s.size()] ^= char(1 << r.next() % 8);
                else
                    for (char &c : s)
                        c = char(r.next());
                if (s == streams[damage % tiles])
                    continue;
                const auto faults = decode(bad);
                require(x != y || faults[damage % tiles] != StreamFault::none, "damage goes unnoticed");
            }
        }
        for (const std::string &s : first)
            for (const char c : s)
                hash = (hash ^ uint8_t(c)) * 1099511628211u;
    }
    std::printf("network %d channels %d bits %2d slope %d coder %d  %016llx\n", int(network), channels, bits, slope,
                int(coder), static_cast<unsigned long long>(hash));
}

} // namespace

int main() {
    std::fprintf(stderr, "kernels:");
    for (int k = 0; k < available_kernels().count; ++k)
        std::fprintf(stderr, " %s", available_kernels().kernels[k]->name);
    std::fprintf(stderr, "\n");
    for (const Coder coder : {Coder::rans24, Coder::range24})
        for (const int slope : {0, 1, 3})
            for (const int channels : {1, 3}) {
                for (const int bits : {2, 4, 8})
                    run<uint8_t>(channels, bits, slope, coder);
                run<uint16_t>(channels, 16, slope, coder);
                run<uint8_t>(channels, 8, slope, coder, Kind::mixtures);
                run<uint8_t>(channels, 8, slope, coder, Kind::softmaxes);
            }
    return 0;
}
