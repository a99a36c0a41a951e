// Packed weights on a device that has no kernels of ours: unpacked by libtorch's operations, or as 4-bit integers in the order of its own product.
#include "Bridge.h"
#include "Products.h"

#include <ATen/ops/_convert_weight_to_int4pack.h>
#include <ATen/ops/_convert_weight_to_int4pack_for_cpu.h>
#include <ATen/ops/_weight_int4pack_mm.h>
#include <ATen/ops/_weight_int4pack_mm_for_cpu.h>
#include <torch/csrc/autograd/custom_function.h>

namespace {

// Of so many rows at most, libtorch's product reads the weights; it does so once for each 16. Beyond, they are unpacked once.
constexpr int64_t few_rows = 128;

// A packed matrix whose bytes are on any device, taken apart: CKernels.h has the layout.
struct Parts {
  at::Tensor values;  // int8 [rows, columns]
  at::Tensor scales;  // float32 [rows, groups]
};

Parts parts_of(const ctorch_packed &packed, at::Device device) {
  const at::Tensor &source = packed.bytes->value;
  TORCH_CHECK(source.device().is_cpu() && source.scalar_type() == at::kByte && source.is_contiguous() &&
                  ckernels_check_header(packed.format, packed.rows, packed.columns, source.const_data_ptr()),
              "the packed weight is not one of ", packed.format, " bits and shape [", packed.rows, ", ", packed.columns, "]");
  const double multiplier = ckernels_multiplier(source.const_data_ptr());
  const int64_t blocks = (packed.rows + CKERNELS_BLOCK - 1) / CKERNELS_BLOCK, tiles = ckernels_padded(packed.columns) / CKERNELS_TILE;
  const int64_t groups = (packed.columns + CKERNELS_GROUP - 1) / CKERNELS_GROUP;
  constexpr int64_t scale_bytes = 2 * CKERNELS_BLOCK * 2;
  at::Tensor bytes = source.slice(0, CKERNELS_HEADER).to(device).view({blocks, tiles, -1});
  at::Tensor scales = bytes.slice(2, 0, scale_bytes).contiguous().view(at::kHalf).view({blocks, tiles, 2, CKERNELS_BLOCK});
  scales = scales.permute({0, 3, 1, 2}).reshape({blocks * CKERNELS_BLOCK, tiles * 2}).to(at::kFloat).mul(multiplier);
  at::Tensor rest = bytes.slice(2, scale_bytes);
  at::Tensor values;
  if (packed.format == CKERNELS_Q4) {
    // [block, tile, half, eighth of its columns, row, column], and then low nibbles before high ones.
    at::Tensor pairs = rest.reshape({blocks, tiles, 2, 4, CKERNELS_BLOCK, 4});
    values = at::stack({pairs.bitwise_and(15), pairs.bitwise_right_shift(4)}, 5).permute({0, 4, 1, 2, 3, 5, 6});
    values = values.to(at::kChar).sub(8);
  } else {
    values = rest.reshape({blocks, tiles, 2, 8, CKERNELS_BLOCK, 4}).permute({0, 4, 1, 2, 3, 5});
    // 0 to 255 becomes -128 to 127.
    values = values.bitwise_xor(128).contiguous().view(at::kChar);
  }
  values = values.reshape({blocks * CKERNELS_BLOCK, tiles * CKERNELS_TILE});
  return {values.slice(0, 0, packed.rows).slice(1, 0, packed.columns), scales.slice(0, 0, packed.rows).slice(1, 0, groups)};
}

// Codes [rows, columns / 2] and scales [groups, rows, 2] as a matrix.
at::Tensor unpacked(const at::Tensor &codes, const at::Tensor &scales) {
  const int64_t rows = codes.size(0), groups = scales.size(0);
  at::Tensor values = at::stack({codes.bitwise_right_shift(4), codes.bitwise_and(15)}, -1).view({rows, groups, CKERNELS_GROUP});
  return values.to(scales.scalar_type()).sub_(8).mul_(scales.select(2, 0).t().unsqueeze(-1)).view({rows, groups * CKERNELS_GROUP});
}

at::Tensor product(const at::Tensor &x, const at::Tensor &codes, const at::Tensor &scales, const at::Tensor &tiles) {
  const int64_t outputs = codes.size(0), columns = codes.size(1) * 2;
  TORCH_CHECK(x.dim() > 0 && x.size(-1) == columns, "the input's last dimension is ", x.dim() > 0 ? x.size(-1) : 0, ", the weight's ", columns);
  at::Tensor flat = x.reshape({-1, columns}).to(at::kBFloat16).contiguous();
  bridge::Counted counted(static_cast<int64_t>(codes.nbytes() + scales.nbytes() / 2), 2 * flat.size(0) * outputs * columns);
  // Those of some among several that lie side by side are not in one piece.
  at::Tensor result;
  if (flat.size(0) == 0 || flat.size(0) > few_rows) {
    result = at::linear(flat, unpacked(codes, scales));
  } else if (x.device().is_cpu()) {
    result = at::_weight_int4pack_mm_for_cpu(flat, tiles, CKERNELS_GROUP, scales.contiguous());
  } else {
    result = at::_weight_int4pack_mm(flat, tiles, CKERNELS_GROUP, scales.contiguous());
  }
  auto shape = x.sizes().vec();
  shape.back() = outputs;
  return result.view(shape).to(x.scalar_type());
}

// The weights are frozen; the way back unpacks them once more, instead of keeping every layer's.
struct Int4Product : torch::autograd::Function<Int4Product> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x, const at::Tensor &codes, const at::Tensor &scales,
                            const at::Tensor &tiles) {
    context->save_for_backward({codes, scales});
    return product(x, codes, scales, tiles);
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext *context, torch::autograd::tensor_list gradients) {
    auto saved = context->get_saved_variables();
    at::Tensor gradient = at::matmul(gradients[0].to(saved[1].scalar_type()), unpacked(saved[0], saved[1])).to(gradients[0].scalar_type());
    return {gradient, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

ctorch_status ctorch_unpack_on(const ctorch_packed *weights, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    Parts parts = parts_of(*weights, bridge::device(device));
    const int64_t groups = parts.scales.size(1), padding = groups * CKERNELS_GROUP - weights->columns;
    at::Tensor wide = at::constant_pad_nd(parts.values.to(at::kFloat), {0, padding}).view({weights->rows, groups, CKERNELS_GROUP});
    at::Tensor matrix = wide.mul_(parts.scales.unsqueeze(-1)).view({weights->rows, groups * CKERNELS_GROUP});
    return matrix.slice(1, 0, weights->columns).to(bridge::scalar_type(type)).contiguous();
  });
}

// Tiles of libtorch's product are 16 x 64; on a CUDA device of 8 outputs.
bool ctorch_int4_fits(int64_t rows, int64_t columns) { return rows > 0 && columns > 0 && rows % 16 == 0 && columns % 64 == 0; }

ctorch_status ctorch_int4(const ctorch_packed *weights, ctorch_device device, ctorch_int4_parts *out, char **message) {
  return bridge::guarded(message, [&] {
    TORCH_CHECK(weights->format == CKERNELS_Q4 && ctorch_int4_fits(weights->rows, weights->columns), "4-bit weights of shape [", weights->rows,
                ", ", weights->columns, "] do not fit libtorch's product");
    Parts parts = parts_of(*weights, bridge::device(device));
    at::Tensor values = parts.values.to(at::kInt).add_(8);
    at::Tensor scales = parts.scales.t().to(at::kBFloat16);
    scales = at::stack({scales, at::zeros_like(scales)}, -1).contiguous();
    at::Tensor even = values.slice(1, 0, c10::nullopt, 2), odd = values.slice(1, 1, c10::nullopt, 2);
    at::Tensor codes = even.mul(16).add(odd).to(at::kByte).contiguous();
    // How many tiles of 16 columns a thread reads at once.
    const int64_t inner = weights->columns % 128 == 0 ? 8 : 4;
    at::Tensor tiles = codes.device().is_cpu() ? at::_convert_weight_to_int4pack_for_cpu(values.contiguous(), inner)
                                               : at::_convert_weight_to_int4pack(codes, inner);
    *out = {new ctorch_tensor{codes}, new ctorch_tensor{scales}, new ctorch_tensor{tiles}};
  });
}

ctorch_status ctorch_linear_int4(const ctorch_tensor *a, const ctorch_int4_layer *layers, int32_t count, ctorch_tensor **out, char **message) {
  return bridge::guarded(message, [&] {
    const bool isRecorded = c10::GradMode::is_enabled() && a->value.requires_grad();
    auto multiplied = [&](const at::Tensor &codes, const at::Tensor &scales, const at::Tensor &tiles) {
      return isRecorded ? Int4Product::apply(a->value, codes, scales, tiles) : product(a->value, codes, scales, tiles);
    };
    std::vector<const at::Tensor *> codes, scales, tiles;
    std::vector<int64_t> rows;
    for (int32_t i = 0; i < count; i++) {
      codes.push_back(&layers[i].weight.codes->value);
      scales.push_back(&layers[i].weight.scales->value);
      tiles.push_back(&layers[i].weight.tiles->value);
      rows.push_back(codes.back()->size(0));
    }
    at::Tensor all_codes = bridge::adjoined(codes, 0), all_scales = bridge::adjoined(scales, 1), all_tiles = bridge::adjoined(tiles, 0);
    std::vector<at::Tensor> results;
    if (all_codes.defined() && all_scales.defined() && all_tiles.defined()) {
      results = multiplied(all_codes, all_scales, all_tiles).split_with_sizes(rows, -1);
    } else {
      for (size_t i = 0; i < codes.size(); i++) results.push_back(multiplied(*codes[i], *scales[i], *tiles[i]));
    }
    for (size_t i = 0; i < results.size(); i++) {
      const ctorch_tensor *bias = layers[i].bias;
      out[i] = new ctorch_tensor{bias == nullptr ? results[i] : results[i] + bias->value.to(results[i].scalar_type())};
    }
  });
}
