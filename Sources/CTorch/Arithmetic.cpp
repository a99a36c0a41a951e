#include "Bridge.h"

using bridge::produce;

// A number for `x` to compute with: an integer tensor stays one when the number is whole, as in Python.
static at::Scalar scalar(const at::Tensor &x, double value) {
  bool fits = value >= -0x1p63 && value < 0x1p63;  // else the cast is undefined; false for NaN
  bool whole = !x.is_floating_point() && fits && value == static_cast<double>(static_cast<int64_t>(value));
  return whole ? at::Scalar(static_cast<int64_t>(value)) : at::Scalar(value);
}

ctorch_status ctorch_unary(ctorch_unary_kind kind, const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return produce(out, message, [&]() -> at::Tensor {
    const at::Tensor &x = a->value;
    switch (kind) {
      case CTORCH_NEGATE: return x.neg();
      case CTORCH_ABS: return x.abs();
      case CTORCH_EXP: return x.exp();
      case CTORCH_LOG: return x.log();
      case CTORCH_SQRT: return x.sqrt();
      case CTORCH_RSQRT: return x.rsqrt();
      case CTORCH_SQUARE: return x.square();
      case CTORCH_SIN: return x.sin();
      case CTORCH_COS: return x.cos();
      case CTORCH_TANH: return x.tanh();
      case CTORCH_SIGMOID: return x.sigmoid();
      case CTORCH_RELU: return x.relu();
      case CTORCH_SILU: return at::silu(x);
      case CTORCH_GELU: return at::gelu(x, "none");
      case CTORCH_GELU_TANH: return at::gelu(x, "tanh");
      case CTORCH_FLOOR: return x.floor();
      case CTORCH_ROUND: return x.round();
      case CTORCH_NOT: return x.logical_not();
      case CTORCH_IS_FINITE: return x.isfinite();
      case CTORCH_IS_NAN: return x.isnan();
      default: TORCH_CHECK(false, "unary operation ", kind, " is unknown");
    }
  });
}

ctorch_status ctorch_binary(ctorch_binary_kind kind, const ctorch_tensor *a, const ctorch_tensor *b, ctorch_tensor **out, char **message) {
  return produce(out, message, [&]() -> at::Tensor {
    const at::Tensor &x = a->value;
    const at::Tensor &y = b->value;
    switch (kind) {
      case CTORCH_ADD: return x.add(y);
      case CTORCH_SUBTRACT: return x.sub(y);
      case CTORCH_MULTIPLY: return x.mul(y);
      case CTORCH_DIVIDE: return x.div(y);
      case CTORCH_POWER: return x.pow(y);
      case CTORCH_MINIMUM: return at::minimum(x, y);
      case CTORCH_MAXIMUM: return at::maximum(x, y);
      case CTORCH_EQUAL: return x.eq(y);
      case CTORCH_NOT_EQUAL: return x.ne(y);
      case CTORCH_LESS: return x.lt(y);
      case CTORCH_LESS_EQUAL: return x.le(y);
      case CTORCH_GREATER: return x.gt(y);
      case CTORCH_GREATER_EQUAL: return x.ge(y);
      case CTORCH_AND: return x.logical_and(y);
      case CTORCH_OR: return x.logical_or(y);
      default: TORCH_CHECK(false, "binary operation ", kind, " is unknown");
    }
  });
}

ctorch_status ctorch_binary_scalar(ctorch_binary_kind kind, const ctorch_tensor *a, double b, ctorch_tensor **out, char **message) {
  return produce(out, message, [&]() -> at::Tensor {
    const at::Tensor &x = a->value;
    at::Scalar y = scalar(x, b);
    switch (kind) {
      case CTORCH_ADD: return x.add(y);
      case CTORCH_SUBTRACT: return x.sub(y);
      case CTORCH_MULTIPLY: return x.mul(y);
      case CTORCH_DIVIDE: return x.div(y);
      case CTORCH_POWER: return x.pow(y);
      case CTORCH_EQUAL: return x.eq(y);
      case CTORCH_NOT_EQUAL: return x.ne(y);
      case CTORCH_LESS: return x.lt(y);
      case CTORCH_LESS_EQUAL: return x.le(y);
      case CTORCH_GREATER: return x.gt(y);
      case CTORCH_GREATER_EQUAL: return x.ge(y);
      default: TORCH_CHECK(false, "binary operation ", kind, " takes no number");
    }
  });
}

ctorch_status ctorch_clamp(const ctorch_tensor *a, double low, double high, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.clamp(scalar(a->value, low), scalar(a->value, high)); });
}

ctorch_status ctorch_copy_into(const ctorch_tensor *a, const ctorch_tensor *source, char **message) {
  return bridge::guarded(message, [&] { at::Tensor(a->value).copy_(source->value); });
}

ctorch_status ctorch_index_copy_into(const ctorch_tensor *a, int64_t dimension, const ctorch_tensor *indices, const ctorch_tensor *source, char **message) {
  return bridge::guarded(message, [&] { at::Tensor(a->value).index_copy_(dimension, indices->value, source->value); });
}

ctorch_status ctorch_fill(const ctorch_tensor *a, double value, char **message) {
  return bridge::guarded(message, [&] { at::Tensor(a->value).fill_(value); });
}

ctorch_status ctorch_add_into(const ctorch_tensor *a, const ctorch_tensor *b, double scale, char **message) {
  return bridge::guarded(message, [&] { at::Tensor(a->value).add_(b->value, scalar(a->value, scale)); });
}

ctorch_status ctorch_scale_into(const ctorch_tensor *a, double scale, char **message) {
  return bridge::guarded(message, [&] { at::Tensor(a->value).mul_(scalar(a->value, scale)); });
}

ctorch_status ctorch_reduce(ctorch_reduction_kind kind, const ctorch_tensor *a, int64_t dimension, bool keep, ctorch_tensor **out, char **message) {
  return produce(out, message, [&]() -> at::Tensor {
    const at::Tensor &x = a->value;
    switch (kind) {
      case CTORCH_SUM: return x.sum(dimension, keep);
      case CTORCH_MEAN: return x.mean(dimension, keep);
      case CTORCH_MAX: return x.amax(dimension, keep);
      case CTORCH_MIN: return x.amin(dimension, keep);
      case CTORCH_ARGMAX: return x.argmax(dimension, keep);
      case CTORCH_ARGMIN: return x.argmin(dimension, keep);
      case CTORCH_ALL: return x.all(dimension, keep);
      case CTORCH_ANY: return x.any(dimension, keep);
      case CTORCH_LOG_SUM_EXP: return x.logsumexp(dimension, keep);
      case CTORCH_VARIANCE: return x.var(at::IntArrayRef{dimension}, /*unbiased=*/false, keep);
      default: TORCH_CHECK(false, "reduction ", kind, " is unknown");
    }
  });
}

ctorch_status ctorch_reduce_all(ctorch_reduction_kind kind, const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return produce(out, message, [&]() -> at::Tensor {
    const at::Tensor &x = a->value;
    switch (kind) {
      case CTORCH_SUM: return x.sum();
      case CTORCH_MEAN: return x.mean();
      case CTORCH_MAX: return x.max();
      case CTORCH_MIN: return x.min();
      case CTORCH_ARGMAX: return x.argmax();
      case CTORCH_ARGMIN: return x.argmin();
      case CTORCH_ALL: return x.all();
      case CTORCH_ANY: return x.any();
      case CTORCH_VARIANCE: return x.var(/*unbiased=*/false);
      default: TORCH_CHECK(false, "reduction ", kind, " needs a dimension");
    }
  });
}

ctorch_status ctorch_cumulative_sum(const ctorch_tensor *a, int64_t dimension, ctorch_tensor **out, char **message) {
  return produce(out, message, [&] { return a->value.cumsum(dimension); });
}

ctorch_status ctorch_top(const ctorch_tensor *a, int64_t count, int64_t dimension, ctorch_tensor **values, ctorch_tensor **indices, char **message) {
  return bridge::guarded(message, [&] {
    auto [top, places] = a->value.topk(count, dimension, /*largest=*/true, /*sorted=*/true);
    auto first = std::make_unique<ctorch_tensor>(ctorch_tensor{top});
    *indices = new ctorch_tensor{places};
    *values = first.release();
  });
}

ctorch_status ctorch_sort(const ctorch_tensor *a, int64_t dimension, bool descending, ctorch_tensor **values, ctorch_tensor **indices, char **message) {
  return bridge::guarded(message, [&] {
    auto [sorted, places] = a->value.sort(/*stable=*/true, dimension, descending);
    auto first = std::make_unique<ctorch_tensor>(ctorch_tensor{sorted});
    *indices = new ctorch_tensor{places};
    *values = first.release();
  });
}
