// Products with packed weights, and the few-row products of ordinary ones.
#include "Bridge.h"
#include "Parallel.h"
#include "Products.h"

#include "CKernels.h"

#include <ATen/ops/empty.h>
#include <algorithm>
#include <chrono>
#include <torch/csrc/autograd/custom_function.h>
#include <vector>

namespace {

int64_t block_count(int64_t rows) { return (rows + CKERNELS_BLOCK - 1) / CKERNELS_BLOCK; }

// One weight of a product, whose memory somebody keeps alive.
struct Weight {
  ckernels_format format;
  int64_t rows, columns;
  at::Tensor bytes;
  at::Tensor bias;  // float32 and contiguous, or undefined
  at::Tensor given_bias;  // as the caller has it: gradients belong there

  explicit Weight(const ctorch_packed &packed)
      : format(packed.format), rows(packed.rows), columns(packed.columns), bytes(packed.bytes->value) {
    TORCH_CHECK(format == CKERNELS_Q4 || format == CKERNELS_Q8, "a packed weight has 4 or 8 bits, not ", format);
    TORCH_CHECK(bytes.device().is_cpu(), "packed weights are for the CPU only");
    TORCH_CHECK(bytes.scalar_type() == at::kByte && bytes.is_contiguous() &&
                    static_cast<size_t>(bytes.numel()) == ckernels_packed_size(format, rows, columns) &&
                    ckernels_check_header(format, rows, columns, bytes.const_data_ptr()),
                "the packed weight is not one of ", format, " bits and shape [", rows, ", ", columns, "]");
    if (packed.bias != nullptr) {
      given_bias = packed.bias->value;
      TORCH_CHECK(bridge::is_bias_of(given_bias, rows), "a bias has shape [", rows, "] and is on the CPU, not ", given_bias.sizes());
      bias = given_bias.detach().to(at::kFloat).contiguous();
    }
  }
};

// Rows of activations, quantised once for all products of one input.
struct QuantizedRows {
  at::Tensor values, scales, corrections;
  ckernels_rows rows;

  QuantizedRows(const ckernels_set *set, const float *x, int64_t count, int64_t columns) {
    int64_t padded = ckernels_padded(columns), groups = padded / CKERNELS_GROUP;
    values = at::empty({count, padded}, at::kChar);
    scales = at::empty({count, groups}, at::kFloat);
    corrections = at::empty({count, groups}, at::kInt);
    rows = {count, columns, values.mutable_data_ptr<int8_t>(), scales.mutable_data_ptr<float>(), corrections.mutable_data_ptr<int32_t>()};
    bridge::spread(count, bridge::piece_of(columns), [&](int64_t from, int64_t to) {
      for (int64_t row = from; row < to; row++) ckernels_quantize(set, x, row, &rows);
    });
  }
};

std::vector<at::Tensor> products(const at::Tensor &input, const std::vector<Weight> &weights) {
  int64_t columns = weights[0].columns;
  TORCH_CHECK(input.dim() > 0 && input.size(-1) == columns, "the input's last dimension is ", input.dim() > 0 ? input.size(-1) : 0,
              ", the weight's ", columns);
  TORCH_CHECK(input.device().is_cpu(), "packed weights are for the CPU only");
  at::Tensor x = input.to(at::kFloat).contiguous();
  int64_t count = columns > 0 ? x.numel() / columns : 0;
  int64_t bytes = 0, operations = 0;
  for (const Weight &weight : weights) {
    bytes += weight.bytes.numel();
    operations += 2 * count * weight.rows * columns;
  }
  bridge::Counted counted(bytes, operations);
  const ckernels_set *set = ckernels_current();
  QuantizedRows rows(set, x.const_data_ptr<float>(), count, columns);

  // All blocks of all weights in one loop: the threads start once.
  std::vector<at::Tensor> results;
  std::vector<int64_t> blocks;
  for (const Weight &weight : weights) {
    TORCH_CHECK(weight.columns == columns, "weights of one input have ", columns, " and ", weight.columns, " columns");
    auto shape = x.sizes().vec();
    shape.back() = weight.rows;
    results.push_back(at::empty(shape, at::kFloat));
    blocks.push_back(block_count(weight.rows));
  }
  // Of many rows, kernels take blocks two by two.
  int64_t piece = (bridge::piece_of(CKERNELS_BLOCK * columns * count) + 1) / 2 * 2;
  bridge::spread_all(blocks, piece, [&](size_t i, int64_t from, int64_t to) {
    const Weight &weight = weights[i];
    ckernels_product(set, weight.format, weight.bytes.const_data_ptr(), weight.rows, &rows.rows,
                     weight.bias.defined() ? weight.bias.const_data_ptr<float>() : nullptr, from, to, results[i].mutable_data_ptr<float>(),
                     weight.rows);
  });
  for (at::Tensor &result : results) result = result.to(input.scalar_type());
  return results;
}

// Rows `from..<to` of a packed weight as float32.
void unpack_rows(const Weight &weight, int64_t from, int64_t to, float *out) {
  bridge::spread(to - from, bridge::piece_of(weight.columns), [&](int64_t first, int64_t last) {
    ckernels_unpack(weight.format, weight.bytes.const_data_ptr(), weight.rows, weight.columns, from + first, from + last,
                    out + first * weight.columns);
  });
}

// The gradient with respect to the input: gradient @ weight, with a few rows of the weight unpacked at a time.
at::Tensor gradient_of_input(const at::Tensor &gradient, const Weight &weight) {
  constexpr int64_t chunk = 512;
  auto shape = gradient.sizes().vec();
  shape.back() = weight.columns;
  if (gradient.scalar_type() == at::kBFloat16) {
    // Four times as fast as in float32, and sums are float32 in it all the same; so the whole weight is unpacked for one product.
    // Kept for the next one: pages that are new each time cost as much as the unpacking.
    thread_local auto *room = new at::Tensor();
    if (!room->defined() || room->numel() < weight.rows * weight.columns) *room = at::empty({weight.rows * weight.columns}, at::kBFloat16);
    at::Tensor whole = room->slice(0, 0, weight.rows * weight.columns).view({weight.rows, weight.columns});
    constexpr int64_t some = 128;
    at::Tensor rows = at::empty({std::min(some, weight.rows), weight.columns}, at::kFloat);
    for (int64_t from = 0; from < weight.rows; from += some) {
      int64_t to = std::min(from + some, weight.rows);
      unpack_rows(weight, from, to, rows.mutable_data_ptr<float>());
      whole.slice(0, from, to).copy_(rows.slice(0, 0, to - from));
    }
    return at::matmul(gradient.reshape({-1, weight.rows}), whole).reshape(shape);
  }
  at::Tensor wide = gradient.reshape({-1, weight.rows}).to(at::kFloat);
  at::Tensor sum = at::zeros({wide.size(0), weight.columns}, at::kFloat);
  at::Tensor rows = at::empty({std::min(chunk, weight.rows), weight.columns}, at::kFloat);
  for (int64_t from = 0; from < weight.rows; from += chunk) {
    int64_t to = std::min(from + chunk, weight.rows);
    unpack_rows(weight, from, to, rows.mutable_data_ptr<float>());
    sum.addmm_(wide.slice(1, from, to), rows.slice(0, 0, to - from));
  }
  return sum.reshape(shape).to(gradient.scalar_type());
}

// One product that passes gradients on to its input; packed weights themselves are frozen.
struct FrozenProduct : torch::autograd::Function<FrozenProduct> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const Weight *weight) {
    context->saved_data["format"] = static_cast<int64_t>(weight->format);
    context->saved_data["rows"] = weight->rows;
    context->saved_data["columns"] = weight->columns;
    context->saved_data["bytes"] = weight->bytes;
    return products(x, {*weight})[0];
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext *context, torch::autograd::tensor_list gradients) {
    ctorch_tensor bytes{context->saved_data["bytes"].toTensor()};
    ctorch_packed packed{static_cast<int32_t>(context->saved_data["format"].toInt()), context->saved_data["rows"].toInt(),
                         context->saved_data["columns"].toInt(), &bytes, nullptr};
    return {gradient_of_input(gradients[0], Weight(packed)), at::Tensor()};
  }
};

// The product without its bias through the function above, and the bias by libtorch's own addition, which records it.
at::Tensor recorded_product(const at::Tensor &x, const Weight &weight) {
  Weight bare = weight;
  bare.bias = at::Tensor();
  at::Tensor product = FrozenProduct::apply(x, &bare);
  return weight.given_bias.defined() ? product + weight.given_bias.to(product.scalar_type()) : product;
}

bool needs_gradient(const at::Tensor &x, const std::vector<Weight> &weights) {
  if (!c10::GradMode::is_enabled()) return false;
  return x.requires_grad() || std::any_of(weights.begin(), weights.end(), [](const Weight &weight) {
           return weight.given_bias.defined() && weight.given_bias.requires_grad();
         });
}

}  // namespace

size_t ctorch_packed_size(int32_t format, int64_t rows, int64_t columns) { return ckernels_packed_size(format, rows, columns); }

bool ctorch_packed_scales_are_finite(int32_t format, int64_t rows, int64_t columns, const void *bytes) {
  return ckernels_scales_are_finite(format, rows, columns, bytes);
}

bool ctorch_packed_fits(int32_t format, int64_t rows, int64_t columns, const void *bytes) {
  return ckernels_check_header(format, rows, columns, bytes);
}

ctorch_status ctorch_pack(const ctorch_tensor *weights, int32_t format, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    TORCH_CHECK(weights->value.dim() == 2 && weights->value.numel() > 0 && at::isFloatingType(weights->value.scalar_type()),
                "only matrices of floating-point numbers are packed");
    TORCH_CHECK(format == CKERNELS_Q4 || format == CKERNELS_Q8, "a packed weight has 4 or 8 bits, not ", format);
    const at::Tensor source = weights->value.detach().cpu().contiguous();
    int64_t rows = source.size(0), columns = source.size(1);
    size_t bytes = ckernels_packed_size(format, rows, columns);
    TORCH_CHECK(bytes > 0, "the matrix is too large");
    at::Tensor packed = at::empty({static_cast<int64_t>(bytes)}, at::kByte);
    void *memory = packed.mutable_data_ptr();
    ckernels_write_header(format, rows, columns, source.numel() > 0 ? source.abs().max().item<float>() : 0, memory);
    int64_t blocks = block_count(rows);
    // Some blocks at a time: a body must not throw, so the room for wide numbers is made here.
    int64_t at_once = std::min<int64_t>(blocks, std::max<int64_t>(16 * at::get_num_threads(), (1 << 22) / (CKERNELS_BLOCK * columns)));
    at::Tensor wide = at::empty({at_once, CKERNELS_BLOCK * columns}, at::kFloat);
    float *room = wide.mutable_data_ptr<float>();
    for (int64_t start = 0; start < blocks; start += at_once) {
      int64_t some = std::min(at_once, blocks - start);
      bridge::spread(some, bridge::piece_of(CKERNELS_BLOCK * columns * 64), [&](int64_t from, int64_t to) {
        for (int64_t place = from; place < to; place++) {
          int64_t block = start + place, first = block * CKERNELS_BLOCK, count = std::min<int64_t>(CKERNELS_BLOCK, rows - first) * columns;
          float *own = room + place * CKERNELS_BLOCK * columns;
          bridge::to_floats(source, first * columns, count, own);
          ckernels_pack(format, own, rows, columns, block, block + 1, memory);
        }
      });
    }
    return packed;
  });
}

ctorch_status ctorch_unpack(const ctorch_packed *weights, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    Weight weight(*weights);
    at::Tensor result = at::empty({weight.rows, weight.columns}, at::kFloat);
    unpack_rows(weight, 0, weight.rows, result.mutable_data_ptr<float>());
    return result;
  });
}

ctorch_status ctorch_linear_packed(const ctorch_tensor *a, const ctorch_packed *weights, int32_t count, ctorch_tensor **out, char **message) {
  return bridge::guarded(message, [&] {
    TORCH_CHECK(count > 0, "a product needs a weight");
    std::vector<Weight> all(weights, weights + count);
    std::vector<at::Tensor> results;
    if (needs_gradient(a->value, all)) {
      for (const Weight &weight : all) results.push_back(recorded_product(a->value, weight));
    } else {
      results = products(a->value, all);
    }
    for (int32_t i = 0; i < count; i++) out[i] = new ctorch_tensor{results[static_cast<size_t>(i)]};
  });
}

ctorch_status ctorch_random_packed(int32_t format, int64_t rows, int64_t columns, double deviation, uint64_t seed, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    size_t bytes = ckernels_packed_size(format, rows, columns);
    TORCH_CHECK(bytes > 0, "the matrix is too large");
    at::Tensor packed = at::empty({static_cast<int64_t>(bytes)}, at::kByte);
    void *memory = packed.mutable_data_ptr();
    ckernels_write_header(format, rows, columns, static_cast<float>(2 * deviation), memory);
    bridge::spread(block_count(rows), 16, [&](int64_t from, int64_t to) {
      ckernels_random_packed(format, columns, static_cast<float>(deviation), seed, from, to, memory);
    });
    return packed;
  });
}

ctorch_status ctorch_random_weights(const int64_t *shape, int32_t rank, ctorch_type type, double deviation, uint64_t seed, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    at::Tensor result = at::empty(bridge::sizes(shape, rank), at::TensorOptions().dtype(bridge::scalar_type(type)));
    ckernels_type kind = bridge::plain_type(result.scalar_type());
    void *memory = result.mutable_data_ptr();
    bridge::spread(result.numel(), 1 << 18, [&](int64_t from, int64_t to) {
      ckernels_random_plain(kind, static_cast<float>(deviation), seed, from, to, memory);
    });
    return result;
  });
}

ctorch_work ctorch_take_work(void) {
  return {static_cast<double>(bridge::work.nanoseconds.exchange(0)) * 1e-9, static_cast<double>(bridge::work.bytes.exchange(0)),
          static_cast<double>(bridge::work.operations.exchange(0))};
}

const char *ctorch_kernels(void) { return ckernels_name(ckernels_current()); }
bool ctorch_choose_kernels(const char *name) { return ckernels_choose(name); }

double ctorch_measure_read(const ctorch_tensor *a) {
  const char *memory = static_cast<const char *>(a->value.const_data_ptr());
  auto bytes = static_cast<int64_t>(a->value.nbytes());
  constexpr int64_t piece = 1 << 16;
  std::atomic<uint64_t> sum{0};
  const ckernels_set *set = ckernels_current();
  auto start = std::chrono::steady_clock::now();
  bridge::spread(bytes, piece, [&](int64_t from, int64_t to) { sum += ckernels_read(set, memory + from, static_cast<size_t>(to - from)); });
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return static_cast<double>(bytes) / seconds;
}

namespace {

// Operations per second of all threads: `rounds` gives how many some rounds of them were.
template <typename Rounds>
double measured_operations(double seconds, const Rounds &rounds) {
  std::atomic<int64_t> operations{0};
  auto start = std::chrono::steady_clock::now();
  auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  int threads = at::get_num_threads();
  bridge::spread(threads, 1, [&](int64_t from, int64_t to) {
    while (elapsed() < seconds) {
      for (int64_t i = from; i < to; i++) operations += static_cast<int64_t>(rounds(100000));
    }
  });
  return static_cast<double>(operations.load()) / elapsed();
}

}  // namespace

double ctorch_measure_integers(double seconds) {
  const ckernels_set *set = ckernels_current();
  return measured_operations(seconds, [set](int64_t rounds) { return ckernels_peak(set, rounds); });
}

double ctorch_measure_floats(ctorch_type type, double seconds) {
  const ckernels_set *set = ckernels_current();
  ckernels_type kind = type == CTORCH_BFLOAT16 ? CKERNELS_BFLOAT16 : type == CTORCH_FLOAT16 ? CKERNELS_FLOAT16 : CKERNELS_FLOAT32;
  return measured_operations(seconds, [set, kind](int64_t rounds) { return ckernels_float_peak(set, kind, rounds); });
}

namespace bridge {

Work work;

ckernels_type plain_type(at::ScalarType type) {
  switch (type) {
    case at::kFloat: return CKERNELS_FLOAT32;
    case at::kBFloat16: return CKERNELS_BFLOAT16;
    case at::kHalf: return CKERNELS_FLOAT16;
    default: TORCH_CHECK(false, "weights are float32, bfloat16 or float16, not ", type);
  }
}

void to_floats(const at::Tensor &source, int64_t start, int64_t count, float *out) {
  switch (source.scalar_type()) {
    case at::kFloat: std::copy_n(source.const_data_ptr<float>() + start, count, out); break;
    case at::kBFloat16: std::copy_n(source.const_data_ptr<at::BFloat16>() + start, count, out); break;
    case at::kHalf: std::copy_n(source.const_data_ptr<at::Half>() + start, count, out); break;
    case at::kDouble: std::copy_n(source.const_data_ptr<double>() + start, count, out); break;
    default: break;  // callers see to it that there is no other
  }
}

bool is_bias_of(const at::Tensor &bias, int64_t outputs) {
  return bias.device().is_cpu() && at::isFloatingType(bias.scalar_type()) && bias.dim() == 1 && bias.size(0) == outputs;
}

namespace {

// What stays in the second cache, beside activations.
constexpr int64_t near_bytes = 512 << 10;
// The least work that is worth a thread's taking it, in multiplications, where the weights are near.
constexpr int64_t near_work = 1 << 20;

bool is_for_own_product(const at::Tensor &x, const at::Tensor &weight, const ctorch_tensor *bias) {
  if (!x.device().is_cpu() || !weight.device().is_cpu() || x.scalar_type() != weight.scalar_type()) return false;
  auto type = weight.scalar_type();
  if (type != at::kFloat && type != at::kBFloat16 && type != at::kHalf) return false;
  if (weight.dim() != 2 || x.dim() == 0 || x.size(-1) != weight.size(1) || !weight.is_contiguous() || x.numel() == 0) return false;
  // libtorch broadcasts a bias, or says what is wrong with it.
  if (bias != nullptr && !is_bias_of(bias->value, weight.size(0))) return false;
  int64_t rows = x.numel() / x.size(-1);
  if (rows <= CKERNELS_FEW_ROWS && weight.numel() >= (1 << 16)) return true;
  // Small matrices stay in the cache.
  return type == at::kFloat && static_cast<int64_t>(weight.nbytes()) <= near_bytes && rows <= ckernels_near_rows(ckernels_current());
}

}  // namespace

bool are_for_own_products(const at::Tensor &x, const std::vector<Layer> &layers) {
  // Training keeps to libtorch's own product throughout.
  return !c10::GradMode::is_enabled() && std::all_of(layers.begin(), layers.end(), [&](const Layer &layer) {
    return is_for_own_product(x, *layer.weight, layer.bias);
  });
}

std::vector<at::Tensor> own_products(const at::Tensor &input, const std::vector<Layer> &layers) {
  at::Tensor x = input.to(at::kFloat).contiguous();
  int64_t columns = x.size(-1), rows = x.numel() / columns;
  int64_t pieces = (rows + CKERNELS_FEW_ROWS - 1) / CKERNELS_FEW_ROWS;
  std::vector<at::Tensor> results, biases;
  std::vector<int64_t> outputs;
  bool is_near = true;
  for (const Layer &layer : layers) {
    outputs.push_back(layer.weight->size(0));
    auto shape = x.sizes().vec();
    shape.back() = outputs.back();
    results.push_back(at::empty(shape, at::kFloat));
    biases.push_back(layer.bias == nullptr ? at::Tensor() : layer.bias->value.to(at::kFloat).contiguous());
    is_near = is_near && static_cast<int64_t>(layer.weight->nbytes()) <= near_bytes;
  }
  const ckernels_set *set = ckernels_current();
  spread_all(outputs, piece_of(columns * rows, is_near ? near_work : 1 << 16), [&](size_t i, int64_t from, int64_t to) {
    const at::Tensor &weight = *layers[i].weight;
    const float *bias = biases[i].defined() ? biases[i].const_data_ptr<float>() : nullptr;
    for (int64_t piece = 0; piece < pieces; piece++) {
      int64_t start = rows * piece / pieces, count = rows * (piece + 1) / pieces - start;
      ckernels_plain_product(set, plain_type(weight.scalar_type()), weight.const_data_ptr(), columns, x.const_data_ptr<float>() + start * columns,
                             count, bias, from, to, results[i].mutable_data_ptr<float>() + start * outputs[i], outputs[i]);
    }
  });
  for (at::Tensor &result : results) result = result.to(input.scalar_type());
  return results;
}

}  // namespace bridge
