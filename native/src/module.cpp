// The Python module: arrays and tuples in, checked numbers on; the GIL is released around all work.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <tuple>

#include "codec.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace neuroc {
namespace {

template <typename T, typename... Shape>
using Input = nb::ndarray<const T, nb::numpy, Shape..., nb::c_contig, nb::device::cpu>;

const Kernel &kernel_named(const std::string &name) {
    const KernelList &list = available_kernels();
    for (int i = 0; i < list.count; ++i)
        if (name == list.kernels[i]->name)
            return *list.kernels[i];
    throw Unsupported("no kernel " + name + " here");
}

template <typename T> std::vector<T> values(const Input<T, nb::ndim<1>> &a) { return {a.data(), a.data() + a.size()}; }

// (weight (out, in) int16, constant, shift, lo, hi (out,) int32)
Layer layer_of(nb::handle item) {
    const auto t = nb::cast<nb::tuple>(item);
    if (t.size() != 5)
        throw Unsupported("a layer is five arrays");
    const auto weight = nb::cast<Input<int16_t, nb::ndim<2>>>(t[0]);
    if (weight.shape(0) > 1 << 16 || weight.shape(1) > 1 << 16)
        throw Unsupported("a layer has too many units");
    const auto numbers = [&](int i) { return values<int32_t>(nb::cast<Input<int32_t, nb::ndim<1>>>(t[i])); };
    return {int(weight.shape(1)),
            int(weight.shape(0)),
            {weight.data(), weight.data() + weight.size()},
            numbers(1),
            numbers(2),
            numbers(3),
            numbers(4)};
}

std::vector<Layer> layers_of(const nb::handle &items) {
    std::vector<Layer> layers;
    for (nb::handle item : nb::cast<nb::list>(items))
        layers.push_back(layer_of(item));
    return layers;
}

// (list of groups, source, value that is added or -1, lo, hi)
std::vector<Node> nodes_of(const nb::list &list) {
    std::vector<Node> nodes;
    for (nb::handle item : list) {
        const auto t = nb::cast<nb::tuple>(item);
        if (t.size() != 5)
            throw Unsupported("a layer is groups and four numbers");
        nodes.push_back({layers_of(t[0]), nb::cast<int>(t[1]), nb::cast<int>(t[2]), nb::cast<int32_t>(t[3]),
                         nb::cast<int32_t>(t[4])});
    }
    return nodes;
}

// A network by itself, for the exactness probe.
class Dense {
  public:
    Dense(const std::string &kernel, const nb::list &layers, const Input<int32_t, nb::ndim<1>> &lo,
          const Input<int32_t, nb::ndim<1>> &hi) {
        const std::vector<Node> checked = chain(layers_of(layers));
        Inputs inputs;
        for (size_t i = 0; i < lo.size() && i < hi.size(); ++i)
            inputs.range.push_back({lo.data()[i], hi.data()[i]});
        inputs.seen = {int(inputs.range.size())};
        check_network(checked, inputs);
        network_.emplace(checked, kernel_named(kernel));
        range_ = inputs.range;
    }

    Dense(const Dense &) = delete;
    Dense &operator=(const Dense &) = delete;

    // y (n, out) of x (n, in); inputs outside the range that was proved are clamped into it.
    void run(const Input<int32_t, nb::ndim<2>> &x,
             const nb::ndarray<int32_t, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu> &y) const {
        const size_t in = size_t(network_->inputs()), out = size_t(network_->outputs()), n = x.shape(0);
        if (x.shape(1) != in || y.shape(1) != out || y.shape(0) != n)
            throw Unsupported("inputs or outputs of another shape");
        const nb::gil_scoped_release release;
        Network::Values values(*network_, Network::ROWS);
        Aligned<int32_t> results(Network::ROWS * network_->output_stride());
        for (size_t begin = 0; begin < n; begin += Network::ROWS) {
            const size_t m = std::min(Network::ROWS, n - begin);
            for (size_t r = 0; r < m; ++r)
                for (size_t i = 0; i < in; ++i)
                    values.inputs(r)[i] =
                        int16_t(std::clamp(x.data()[(begin + r) * in + i], range_[i].lo, range_[i].hi));
            network_->run(0, values, 0, results.data(), m);
            for (size_t r = 0; r < m; ++r)
                std::memcpy(y.data() + (begin + r) * out, results.data() + r * network_->output_stride(), out * 4);
        }
    }

  private:
    std::optional<Network> network_;
    std::vector<Range> range_;
};

Description description_of(const nb::dict &d) {
    const auto number = [&](const char *name) { return nb::cast<int>(d[name]); };
    Description r;
    r.channels = number("channels");
    r.bits = number("bits");
    r.slope = number("slope");
    const auto taps = nb::cast<Input<int32_t, nb::shape<-1, 2>>>(d["taps"]);
    for (size_t t = 0; t < taps.shape(0); ++t)
        r.context.taps.push_back({taps.data()[2 * t], taps.data()[2 * t + 1]});
    r.context.left = number("left");
    r.context.up = number("up");
    r.context.left_shift = number("left_shift");
    r.context.right_shift = number("right_shift");
    r.context.limit = number("limit");
    r.context.levels = number("levels") != 0;
    r.layers = nodes_of(nb::cast<nb::list>(d["layers"]));
    r.head = {number("softmax") != 0, number("chained") != 0, number("components"),    number("unit"),
              number("offset_shift"), number("centre_shift"), number("coupling_shift")};
    const auto table = [&](const char *name) {
        return values<int32_t>(nb::cast<Input<int32_t, nb::ndim<1>>>(d[name]));
    };
    r.tables = {table("sigmoid"), table("exp2"), table("mantissa")};
    return r;
}

Coder coder_of(const std::string &id) {
    if (id == "rans24")
        return Coder::rans24;
    if (id == "range24")
        return Coder::range24;
    throw Unsupported("no entropy coder " + id + " here");
}

// Progress as a Python callable that gets pixels, and Ctrl-C. What Python raises ends the work and is raised again.
class PythonProgress {
  public:
    explicit PythonProgress(nb::object call) : call_(std::move(call)) {}

    Progress function() {
        return [this](int64_t pixels) {
            const nb::gil_scoped_acquire acquire;
            try {
                if (PyErr_CheckSignals() != 0)
                    throw nb::python_error();
                if (!call_.is_none())
                    call_(pixels);
                return true;
            } catch (nb::python_error &e) {
                raised_ = std::make_unique<nb::python_error>(std::move(e));
                return false;
            }
        };
    }

    void rethrow() { // with the GIL
        if (raised_) {
            nb::python_error e(std::move(*raised_));
            raised_.reset();
            throw e;
        }
    }

  private:
    nb::object call_;
    std::unique_ptr<nb::python_error> raised_;
};

class Runner {
  public:
    Runner(const std::string &kernel, const nb::dict &description)
        : codec_(description_of(description), kernel_named(kernel)) {}

    Runner(const Runner &) = delete;
    Runner &operator=(const Runner &) = delete;

    // A list of streams for samples (B, H, W, C).
    template <typename Sample>
    nb::list encode(const Input<Sample, nb::ndim<4>> &x, const std::string &coder, int threads, nb::object call) const {
        const Shape shape = shape_of(x.shape(1), x.shape(2), x.shape(3));
        const Coder kind = coder_of(coder);
        PythonProgress progress(std::move(call));
        std::vector<std::string> streams;
        {
            const nb::gil_scoped_release release;
            streams = codec_.encode(x.data(), x.shape(0), shape, kind, threads, progress.function());
        }
        progress.rethrow();
        nb::list result;
        for (const std::string &s : streams)
            result.append(nb::bytes(s.data(), s.size()));
        return result;
    }

    // Fills samples (B, H, W, C); returns what is wrong with each stream, None where nothing is.
    template <typename Sample>
    nb::list decode(const std::vector<nb::bytes> &streams,
                    const nb::ndarray<Sample, nb::numpy, nb::ndim<4>, nb::c_contig, nb::device::cpu> &y,
                    const std::string &coder, int threads, nb::object call) const {
        const Shape shape = shape_of(y.shape(1), y.shape(2), y.shape(3));
        const Coder kind = coder_of(coder);
        if (y.shape(0) != streams.size())
            throw Unsupported("as many tiles as streams");
        std::vector<Bytes> bytes;
        for (const nb::bytes &s : streams) // kept alive by `streams`
            bytes.push_back({static_cast<const unsigned char *>(s.data()), s.size()});
        PythonProgress progress(std::move(call));
        std::vector<StreamFault> faults;
        {
            const nb::gil_scoped_release release;
            faults = codec_.decode(bytes, shape, kind, threads, y.data(), progress.function());
        }
        progress.rethrow();
        nb::list result;
        for (const StreamFault fault : faults)
            result.append(fault == StreamFault::none ? nb::none() : nb::object(nb::str(message(fault))));
        return result;
    }

  private:
    Shape shape_of(size_t height, size_t width, size_t channels) const {
        if (height < 1 || width < 1 || height > size_t(1) << 31 || width > size_t(1) << 31 ||
            channels != size_t(codec_.description().channels))
            throw Unsupported("samples of another shape");
        return {int64_t(height), int64_t(width)};
    }

    Codec codec_;
};

NB_MODULE(_native, m) {
    nb::exception<Unsupported>(m, "Unsupported", PyExc_ValueError);
    m.def("kernels", [] {
        std::vector<std::string> names;
        for (int i = 0; i < available_kernels().count; ++i)
            names.emplace_back(available_kernels().kernels[i]->name);
        return names;
    });
    nb::class_<Dense>(m, "Dense")
        .def(nb::init<const std::string &, const nb::list &, const Input<int32_t, nb::ndim<1>> &,
                      const Input<int32_t, nb::ndim<1>> &>())
        .def("run", &Dense::run);
    nb::class_<Runner>(m, "Runner")
        .def(nb::init<const std::string &, const nb::dict &>())
        .def("encode8", &Runner::encode<uint8_t>, "x"_a, "coder"_a, "threads"_a, "progress"_a.none())
        .def("encode16", &Runner::encode<uint16_t>, "x"_a, "coder"_a, "threads"_a, "progress"_a.none())
        .def("decode8", &Runner::decode<uint8_t>, "streams"_a, "y"_a, "coder"_a, "threads"_a, "progress"_a.none())
        .def("decode16", &Runner::decode<uint16_t>, "streams"_a, "y"_a, "coder"_a, "threads"_a, "progress"_a.none());
}

} // namespace
} // namespace neuroc
