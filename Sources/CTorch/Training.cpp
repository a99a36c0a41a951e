// What a training step needs beside gradients: optimizer, norm of all gradients, dropout from a stream, recomputation, autocast.
#include "Bridge.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/custom_class.h>
#include <vector>

namespace {

std::vector<at::Tensor> values(ctorch_tensor *const *tensors, int32_t count) {
  std::vector<at::Tensor> result;
  for (int32_t i = 0; i < count; i++) result.push_back(tensors[i]->value);
  return result;
}

// What operations of a device are cast to, on this thread.
struct Autocast {
  at::DeviceType device;
  bool enabled;
  at::ScalarType type;

  static Autocast current(at::DeviceType device) {
    return {device, at::autocast::is_autocast_enabled(device), at::autocast::get_autocast_dtype(device)};
  }

  void apply() const {
    at::autocast::set_autocast_enabled(device, enabled);
    at::autocast::set_autocast_dtype(device, type);
  }
};

// Sets back what was, with a cache of cast weights that is as old as this.
struct AutocastGuard {
  Autocast before;

  explicit AutocastGuard(const Autocast &now) : before(Autocast::current(now.device)) { now.apply(); }
  ~AutocastGuard() { before.apply(); }
};

// A piece of work that somebody else does; `context` is released once, when the last user is gone.
struct Work : torch::CustomClassHolder {
  ctorch_recomputed body;
  ctorch_release_memory release;
  void *context;

  Work(ctorch_recomputed body, ctorch_release_memory release, void *context) : body(body), release(release), context(context) {}
  ~Work() override { release(context); }

  at::Tensor operator()(const std::vector<at::Tensor> &inputs) const {
    std::vector<ctorch_tensor *> handles;
    for (const at::Tensor &input : inputs) handles.push_back(new ctorch_tensor{input});
    ctorch_tensor *out = nullptr;
    char *message = nullptr;
    // The body takes the handles over.
    ctorch_status status = body(context, handles.data(), static_cast<int32_t>(handles.size()), &out, &message);
    if (status != CTORCH_OK) {
      std::string text = message == nullptr ? "no reason given" : message;
      ctorch_free_message(message);
      // So that memory that runs out here is told as such.
      TORCH_CHECK_WITH(OutOfMemoryError, status != CTORCH_OUT_OF_MEMORY, text);
      TORCH_CHECK(false, text);
    }
    at::Tensor result = out->value;
    ctorch_release(out);
    return result;
  }
};

// Keeps the inputs alone, and computes the rest once more on the way back.
struct Recomputed : torch::autograd::Function<Recomputed> {
  static at::Tensor forward(torch::autograd::AutogradContext *context, at::TensorList inputs, c10::intrusive_ptr<Work> work) {
    context->save_for_backward(inputs.vec());
    context->saved_data["work"] = c10::IValue::make_capsule(work);
    Autocast autocast = Autocast::current(inputs.at(0).device().type());
    context->saved_data["enabled"] = autocast.enabled;
    context->saved_data["type"] = static_cast<int64_t>(autocast.type);
    at::NoGradGuard guard;
    return (*work)(inputs.vec());
  }

  static torch::autograd::tensor_list backward(torch::autograd::AutogradContext *context, torch::autograd::tensor_list gradients) {
    auto holder = context->saved_data["work"].toCapsule();
    const Work &work = *static_cast<Work *>(holder.get());
    std::vector<at::Tensor> inputs;
    for (const at::Tensor &saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach().requires_grad_(saved.requires_grad()));
    }
    at::AutoGradMode mode(true);
    at::Tensor result;
    {
      AutocastGuard guard({inputs.at(0).device().type(), context->saved_data["enabled"].toBool(),
                           static_cast<at::ScalarType>(context->saved_data["type"].toInt())});
      result = work(inputs);
    }
    // Parameters inside, where they are trained, gather their gradients by the same pass.
    if (result.requires_grad()) torch::autograd::backward({result}, {gradients[0]});
    torch::autograd::tensor_list found;
    for (const at::Tensor &input : inputs) found.push_back(input.grad());
    found.push_back(at::Tensor());
    return found;
  }
};

}  // namespace

ctorch_status ctorch_alias(const ctorch_tensor *a, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] { return a->value; });
}

char *ctorch_copy_message(const char *text) { return bridge::copy(text); }

ctorch_status ctorch_recompute(ctorch_recomputed body, ctorch_release_memory release, void *context, ctorch_tensor *const *inputs,
                               int32_t count, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    auto work = c10::make_intrusive<Work>(body, release, context);
    TORCH_CHECK(count > 0, "there is nothing to compute from");
    std::vector<at::Tensor> given = values(inputs, count);
    // Of a plain vector, libtorch would not see that it holds tensors.
    return Recomputed::apply(at::TensorList(given), work);
  });
}

ctorch_status ctorch_dropout_drawn(const ctorch_tensor *a, double probability, ctorch_generator *generator, ctorch_tensor **out, char **message) {
  return bridge::produce(out, message, [&] {
    TORCH_CHECK(probability >= 0 && probability < 1, "the probability of dropout is ", probability, ", expected 0 or more and less than 1");
    at::Tensor kept = at::empty(a->value.sizes(), a->value.options().requires_grad(false));
    kept.bernoulli_(1 - probability, generator->value).div_(1 - probability);
    return a->value * kept;
  });
}

ctorch_status ctorch_gradient_norm(ctorch_tensor *const *parameters, int32_t count, double *out, char **message) {
  return bridge::guarded(message, [&] {
    at::NoGradGuard guard;
    std::vector<at::Tensor> norms;
    for (int32_t i = 0; i < count; i++) {
      const at::Tensor &gradient = parameters[i]->value.grad();
      if (gradient.defined()) norms.push_back(at::linalg_vector_norm(gradient, 2));
    }
    *out = norms.empty() ? 0 : at::linalg_vector_norm(at::stack(norms), 2).item<double>();
  });
}

ctorch_status ctorch_scale_gradients(ctorch_tensor *const *parameters, int32_t count, double factor, char **message) {
  return bridge::guarded(message, [&] {
    at::NoGradGuard guard;
    for (int32_t i = 0; i < count; i++) {
      at::Tensor gradient = parameters[i]->value.grad();
      if (gradient.defined()) gradient.mul_(factor);
    }
  });
}

ctorch_status ctorch_adamw(ctorch_tensor *const *parameters, ctorch_tensor *const *means, ctorch_tensor *const *squares, int32_t count,
                           const ctorch_adamw_settings *settings, char **message) {
  return bridge::guarded(message, [&] {
    if (count == 0) return;
    at::NoGradGuard guard;
    std::vector<at::Tensor> all = values(parameters, count), gradients;
    for (const at::Tensor &parameter : all) {
      // What a loss does not depend on still decays, as in the reference, whose gradient there is zero.
      gradients.push_back(parameter.grad().defined() ? parameter.grad() : at::zeros_like(parameter));
    }
    std::vector<at::Tensor> steps(all.size(), at::full({}, settings->step, all[0].options().dtype(at::kFloat).requires_grad(false)));
    at::_fused_adamw_(all, gradients, values(means, count), values(squares, count), {}, steps, settings->rate, settings->beta1,
                      settings->beta2, settings->decay, settings->epsilon, /*amsgrad=*/false, /*maximize=*/false);
  });
}

ctorch_status ctorch_move(ctorch_tensor *const *tensors, ctorch_tensor *const *others, int32_t count, double share, char **message) {
  return bridge::guarded(message, [&] {
    if (count == 0) return;
    at::NoGradGuard guard;
    at::_foreach_lerp_(values(tensors, count), values(others, count), share);
  });
}

bool ctorch_is_autocasting(ctorch_device device) {
  // A device that there cannot be casts nothing.
  bool is_casting = false;
  char *message = nullptr;
  const ctorch_status status =
      bridge::guarded(&message, [&] { is_casting = at::autocast::is_autocast_enabled(bridge::device(device).type()); });
  if (status != CTORCH_OK) ctorch_free_message(message);
  return is_casting;
}

ctorch_status ctorch_autocast(ctorch_device where, bool enabled, ctorch_type type, bool *was_enabled, ctorch_type *was_type, char **message) {
  return bridge::guarded(message, [&] {
    at::DeviceType device = bridge::device(where).type();
    Autocast before = Autocast::current(device);
    *was_enabled = before.enabled;
    *was_type = before.type == at::kHalf ? CTORCH_FLOAT16 : CTORCH_BFLOAT16;
    Autocast{device, enabled, bridge::scalar_type(type)}.apply();
    // Weights that were cast are kept from here on, and forgotten at the end.
    at::autocast::clear_cache();
  });
}
