// Chains of small operations in one pass over the elements: in a step of decoding the time goes into starting operations.
#include "Bridge.h"
#include "Parallel.h"

#include <ATen/Dispatch.h>
#include <c10/core/GradMode.h>
#include <cmath>

namespace {

// One pass is for answers on the CPU; training and other devices go step by step.
bool in_one_pass(std::initializer_list<at::Tensor> tensors) {
  if (c10::GradMode::is_enabled()) return false;
  for (const at::Tensor &tensor : tensors)
    if (!tensor.device().is_cpu()) return false;
  return true;
}

#define DISPATCH_FLOATS(TYPE, NAME, ...) AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, TYPE, NAME, __VA_ARGS__)

// Rows of [count, width], with rounding to the weight's type between the steps, as the operations one by one have it.
template <typename Element, typename Rounded>
void norm_rows(const Element *x, const Rounded *weight, Rounded *out, int64_t from, int64_t to, int64_t width, double epsilon) {
  for (int64_t row = from; row < to; row++) {
    const Element *source = x + row * width;
    // Several sums: the additions need not wait for each other.
    float sums[16] = {0};
    int64_t whole = width / 16 * 16;
    for (int64_t i = 0; i < whole; i += 16)
      for (int64_t lane = 0; lane < 16; lane++) sums[lane] += static_cast<float>(source[i + lane]) * static_cast<float>(source[i + lane]);
    for (int64_t i = whole; i < width; i++) sums[0] += static_cast<float>(source[i]) * static_cast<float>(source[i]);
    double sum = 0;
    for (float part : sums) sum += part;
    float scale = 1 / std::sqrt(static_cast<float>(sum / static_cast<double>(width)) + static_cast<float>(epsilon));
    Rounded *target = out + row * width;
    for (int64_t i = 0; i < width; i++) {
      auto normed = static_cast<Rounded>(static_cast<float>(source[i]) * scale);
      target[i] = static_cast<Rounded>(static_cast<float>(weight[i]) * static_cast<float>(normed));
    }
  }
}

at::Tensor norm_in_steps(const at::Tensor &x, const at::Tensor &weight, double epsilon) {
  // On a CUDA device one operation instead of eight, rounded once at the end.
  if (x.is_cuda() && x.scalar_type() == weight.scalar_type()) return at::rms_norm(x, weight.sizes(), weight, epsilon);
  at::Tensor wide = x.to(at::kFloat);
  at::Tensor scale = (wide.square().mean(-1, true) + epsilon).rsqrt();
  return weight * (wide * scale).to(weight.scalar_type());
}

template <typename Element>
void rotate_row(const Element *x, const Element *cosines, const Element *sines, Element *out, int64_t half) {
  for (int64_t i = 0; i < half; i++) {
    float first = static_cast<float>(x[i]), second = static_cast<float>(x[i + half]);
    auto rounded = [](float value) { return static_cast<float>(static_cast<Element>(value)); };
    out[i] = static_cast<Element>(rounded(first * static_cast<float>(cosines[i])) - rounded(second * static_cast<float>(sines[i])));
    out[i + half] =
        static_cast<Element>(rounded(second * static_cast<float>(cosines[i + half])) + rounded(first * static_cast<float>(sines[i + half])));
  }
}

at::Tensor rotate_in_steps(const at::Tensor &x, const at::Tensor &cosines, const at::Tensor &sines) {
  int64_t half = x.size(3) / 2;
  if (!c10::GradMode::is_enabled() && x.scalar_type() == cosines.scalar_type()) {
    // Three operations instead of five; the second product of each pair is not rounded by itself.
    at::Tensor result = x * cosines;
    result.slice(3, 0, half).addcmul_(x.slice(3, half), sines.slice(3, 0, half), -1);
    result.slice(3, half).addcmul_(x.slice(3, 0, half), sines.slice(3, half));
    return result;
  }
  at::Tensor turned = at::cat({-x.slice(3, half, 2 * half), x.slice(3, 0, half)}, 3);
  return x * cosines + turned * sines;
}

at::Tensor activated(ctorch_unary_kind kind, const at::Tensor &x) {
  switch (kind) {
    case CTORCH_SILU: return at::silu(x);
    case CTORCH_GELU: return at::gelu(x);
    case CTORCH_GELU_TANH: return at::gelu(x, "tanh");
    case CTORCH_RELU: return at::relu(x);
    default: TORCH_CHECK(false, "no activation has the number ", kind);
  }
}

}  // namespace

ctorch_status ctorch_rms_norm(const ctorch_tensor *a, const ctorch_tensor *weight, double epsilon, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&]() -> at::Tensor {
    const at::Tensor &scale = weight->value;
    TORCH_CHECK(a->value.dim() > 0 && scale.dim() == 1 && a->value.size(-1) == scale.size(0), "the weight has not the input's width");
    if (!in_one_pass({a->value, scale})) return norm_in_steps(a->value, scale, epsilon);
    at::Tensor x = a->value.contiguous(), w = scale.contiguous();
    at::Tensor result = at::empty(x.sizes(), w.options());
    int64_t width = x.size(-1), rows = width > 0 ? x.numel() / width : 0;
    DISPATCH_FLOATS(x.scalar_type(), "rms_norm", [&] {
      using Element = scalar_t;
      DISPATCH_FLOATS(w.scalar_type(), "rms_norm", [&] {
        bridge::spread(rows, bridge::piece_of(width), [&](int64_t from, int64_t to) {
          norm_rows(x.const_data_ptr<Element>(), w.const_data_ptr<scalar_t>(), result.mutable_data_ptr<scalar_t>(), from, to, width, epsilon);
        });
      });
    });
    return result;
  });
}

ctorch_status ctorch_rotate(const ctorch_tensor *a, const ctorch_tensor *cosines, const ctorch_tensor *sines, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&]() -> at::Tensor {
    const at::Tensor &x = a->value;
    const at::Tensor cosine = cosines->value.contiguous(), sine = sines->value.contiguous();
    TORCH_CHECK(x.dim() == 4 && cosine.dim() == 4 && x.size(3) % 2 == 0 && cosine.sizes() == sine.sizes() && cosine.size(1) == 1 &&
                    (cosine.size(0) == 1 || cosine.size(0) == x.size(0)) && cosine.size(2) == x.size(2) && cosine.size(3) == x.size(3),
                "the angles do not fit ", x.sizes());
    if (!in_one_pass({x, cosine, sine}) || x.scalar_type() != cosine.scalar_type() || x.stride(3) != 1) return rotate_in_steps(x, cosine, sine);
    int64_t heads = x.size(1), length = x.size(2), size = x.size(3);
    at::Tensor result = at::empty({x.size(0), heads, length, size}, x.options());
    int64_t angleRows = cosine.size(0) == 1 ? 0 : length;
    int64_t rows = x.size(0) * heads * length;
    DISPATCH_FLOATS(x.scalar_type(), "rotate", [&] {
      bridge::spread(rows, bridge::piece_of(size), [&](int64_t from, int64_t to) {
        for (int64_t row = from; row < to; row++) {
          int64_t place = row % length, head = row / length % heads, batch = row / length / heads;
          int64_t angle = (batch * angleRows + place) * size;
          rotate_row(x.const_data_ptr<scalar_t>() + batch * x.stride(0) + head * x.stride(1) + place * x.stride(2),
                     cosine.const_data_ptr<scalar_t>() + angle, sine.const_data_ptr<scalar_t>() + angle,
                     result.mutable_data_ptr<scalar_t>() + row * size, size / 2);
        }
      });
    });
    return result;
  });
}

ctorch_status ctorch_gated(ctorch_unary_kind kind, const ctorch_tensor *gate, const ctorch_tensor *up, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&]() -> at::Tensor {
    const at::Tensor &x = gate->value, &y = up->value;
    at::Tensor active = activated(kind, x);
    if (c10::GradMode::is_enabled() || active.scalar_type() != y.scalar_type() || active.sizes() != y.sizes()) return active * y;
    return active.mul_(y);
  });
}
