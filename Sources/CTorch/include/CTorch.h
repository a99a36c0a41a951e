// A plain C surface over libtorch: opaque tensors, status codes, messages. No policy lives here.
//
// Every fallible function returns a ctorch_status. On failure `*message` is a malloc'd UTF-8 sentence that the caller frees with
// ctorch_free_message, and no output is written. C++ exceptions never cross this header. Output tensors are owned by the caller,
// who releases each once with ctorch_release. Negative dimensions count from the end, as in PyTorch.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ctorch_tensor ctorch_tensor;
typedef struct ctorch_generator ctorch_generator;

typedef int32_t ctorch_status;
enum { CTORCH_OK = 0, CTORCH_ERROR = 1, CTORCH_OUT_OF_MEMORY = 2, CTORCH_TIMED_OUT = 3 };  // the last one between processes only

// Element types and devices: the numbers are this header's own, not libtorch's, which may move between versions.
typedef int32_t ctorch_type;
enum {
  CTORCH_FLOAT32 = 0, CTORCH_BFLOAT16 = 1, CTORCH_FLOAT16 = 2, CTORCH_FLOAT64 = 3,
  CTORCH_INT64 = 4, CTORCH_INT32 = 5, CTORCH_INT16 = 6, CTORCH_INT8 = 7, CTORCH_UINT8 = 8, CTORCH_BOOL = 9
};
typedef struct { int32_t kind; int32_t index; } ctorch_device;
enum { CTORCH_CPU = 0, CTORCH_CUDA = 1, CTORCH_MPS = 2, CTORCH_META = 3 };

void ctorch_free_message(char *message);
void ctorch_release(ctorch_tensor *tensor);
// Another handle of the same tensor, its history of gradients included.
ctorch_status ctorch_alias(const ctorch_tensor *a, ctorch_tensor **out, char **message);
// A message of one's own, for ctorch_free_message.
char *ctorch_copy_message(const char *text);

// --- creation (Creation.cpp)
typedef void (*ctorch_release_memory)(void *context);
// Borrows `data`; `release(context)` runs when the last tensor that shares the memory is gone (also when this call fails).
ctorch_status ctorch_borrow(const void *data, const int64_t *shape, int32_t rank, ctorch_type type,
                            ctorch_release_memory release, void *context, ctorch_tensor **out, char **message);
ctorch_status ctorch_copy_in(const void *data, const int64_t *shape, int32_t rank, ctorch_type type, ctorch_tensor **out, char **message);
// Copies the elements, in row-major order, to `data`, which has room for exactly `bytes`.
ctorch_status ctorch_copy_out(const ctorch_tensor *a, void *data, size_t bytes, char **message);
ctorch_status ctorch_full(double value, const int64_t *shape, int32_t rank, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message);
ctorch_status ctorch_empty(const int64_t *shape, int32_t rank, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message);
ctorch_status ctorch_arange(int64_t start, int64_t end, int64_t step, ctorch_device device, ctorch_tensor **out, char **message);
ctorch_status ctorch_generator_create(uint64_t seed, ctorch_device device, ctorch_generator **out, char **message);
void ctorch_generator_release(ctorch_generator *generator);
ctorch_status ctorch_generator_state(const ctorch_generator *generator, ctorch_tensor **out, char **message);
ctorch_status ctorch_generator_set_state(ctorch_generator *generator, const ctorch_tensor *state, char **message);
ctorch_status ctorch_random_normal(ctorch_generator *generator, const int64_t *shape, int32_t rank, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message);
ctorch_status ctorch_random_uniform(ctorch_generator *generator, const int64_t *shape, int32_t rank, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message);
ctorch_status ctorch_multinomial(const ctorch_tensor *probabilities, int64_t count, bool replacement, ctorch_generator *generator, ctorch_tensor **out, char **message);

// --- what a tensor is (Creation.cpp); these cannot fail
int32_t ctorch_rank(const ctorch_tensor *a);
int64_t ctorch_size(const ctorch_tensor *a, int32_t dimension);  // 0 <= dimension < rank
int64_t ctorch_count(const ctorch_tensor *a);
ctorch_type ctorch_type_of(const ctorch_tensor *a);  // -1 for a type that is not in the list above
ctorch_device ctorch_device_of(const ctorch_tensor *a);
bool ctorch_is_contiguous(const ctorch_tensor *a);
bool ctorch_requires_gradient(const ctorch_tensor *a);
const void *ctorch_data(const ctorch_tensor *a);  // the first element, on a's device
ctorch_status ctorch_item(const ctorch_tensor *a, double *out, char **message);
ctorch_status ctorch_item_integer(const ctorch_tensor *a, int64_t *out, char **message);

// --- types, devices, shape (Shape.cpp)
ctorch_status ctorch_to_type(const ctorch_tensor *a, ctorch_type type, ctorch_tensor **out, char **message);
ctorch_status ctorch_to_device(const ctorch_tensor *a, ctorch_device device, ctorch_tensor **out, char **message);
// `count` tensors of one device, copied to the CPU in one piece.
ctorch_status ctorch_to_host(const ctorch_tensor *const *tensors, int32_t count, ctorch_tensor **out, char **message);
ctorch_status ctorch_contiguous(const ctorch_tensor *a, ctorch_tensor **out, char **message);
ctorch_status ctorch_clone(const ctorch_tensor *a, ctorch_tensor **out, char **message);
ctorch_status ctorch_detach(const ctorch_tensor *a, ctorch_tensor **out, char **message);
ctorch_status ctorch_reshape(const ctorch_tensor *a, const int64_t *shape, int32_t rank, ctorch_tensor **out, char **message);
ctorch_status ctorch_expand(const ctorch_tensor *a, const int64_t *shape, int32_t rank, ctorch_tensor **out, char **message);
ctorch_status ctorch_permute(const ctorch_tensor *a, const int64_t *order, int32_t rank, ctorch_tensor **out, char **message);
ctorch_status ctorch_transpose(const ctorch_tensor *a, int64_t first, int64_t second, ctorch_tensor **out, char **message);
ctorch_status ctorch_squeeze(const ctorch_tensor *a, int64_t dimension, ctorch_tensor **out, char **message);
ctorch_status ctorch_unsqueeze(const ctorch_tensor *a, int64_t dimension, ctorch_tensor **out, char **message);
ctorch_status ctorch_slice(const ctorch_tensor *a, int64_t dimension, int64_t start, int64_t end, int64_t step, ctorch_tensor **out, char **message);
ctorch_status ctorch_select(const ctorch_tensor *a, int64_t dimension, int64_t index, ctorch_tensor **out, char **message);
ctorch_status ctorch_concatenate(const ctorch_tensor *const *parts, int32_t count, int64_t dimension, ctorch_tensor **out, char **message);
ctorch_status ctorch_stack(const ctorch_tensor *const *parts, int32_t count, int64_t dimension, ctorch_tensor **out, char **message);
ctorch_status ctorch_flip(const ctorch_tensor *a, int64_t dimension, ctorch_tensor **out, char **message);
ctorch_status ctorch_repeat_interleave(const ctorch_tensor *a, int64_t repeats, int64_t dimension, ctorch_tensor **out, char **message);
ctorch_status ctorch_triangle(const ctorch_tensor *a, int64_t diagonal, bool upper, ctorch_tensor **out, char **message);

// --- indexing (Shape.cpp)
ctorch_status ctorch_index_select(const ctorch_tensor *a, int64_t dimension, const ctorch_tensor *indices, ctorch_tensor **out, char **message);
ctorch_status ctorch_gather(const ctorch_tensor *a, int64_t dimension, const ctorch_tensor *indices, ctorch_tensor **out, char **message);
ctorch_status ctorch_scatter(const ctorch_tensor *a, int64_t dimension, const ctorch_tensor *indices, const ctorch_tensor *source, ctorch_tensor **out, char **message);
ctorch_status ctorch_masked_fill(const ctorch_tensor *a, const ctorch_tensor *mask, double value, ctorch_tensor **out, char **message);
ctorch_status ctorch_masked_select(const ctorch_tensor *a, const ctorch_tensor *mask, ctorch_tensor **out, char **message);
ctorch_status ctorch_where(const ctorch_tensor *condition, const ctorch_tensor *a, const ctorch_tensor *b, ctorch_tensor **out, char **message);

// --- element by element (Arithmetic.cpp)
typedef int32_t ctorch_unary_kind;
enum {
  CTORCH_NEGATE, CTORCH_ABS, CTORCH_EXP, CTORCH_LOG, CTORCH_SQRT, CTORCH_RSQRT, CTORCH_SQUARE, CTORCH_SIN, CTORCH_COS, CTORCH_TANH,
  CTORCH_SIGMOID, CTORCH_RELU, CTORCH_SILU, CTORCH_GELU, CTORCH_GELU_TANH, CTORCH_FLOOR, CTORCH_ROUND, CTORCH_NOT, CTORCH_IS_FINITE, CTORCH_IS_NAN
};
ctorch_status ctorch_unary(ctorch_unary_kind kind, const ctorch_tensor *a, ctorch_tensor **out, char **message);
typedef int32_t ctorch_binary_kind;
enum {
  CTORCH_ADD, CTORCH_SUBTRACT, CTORCH_MULTIPLY, CTORCH_DIVIDE, CTORCH_POWER, CTORCH_MINIMUM, CTORCH_MAXIMUM, CTORCH_EQUAL, CTORCH_NOT_EQUAL,
  CTORCH_LESS, CTORCH_LESS_EQUAL, CTORCH_GREATER, CTORCH_GREATER_EQUAL, CTORCH_AND, CTORCH_OR
};
ctorch_status ctorch_binary(ctorch_binary_kind kind, const ctorch_tensor *a, const ctorch_tensor *b, ctorch_tensor **out, char **message);
ctorch_status ctorch_binary_scalar(ctorch_binary_kind kind, const ctorch_tensor *a, double b, ctorch_tensor **out, char **message);
ctorch_status ctorch_clamp(const ctorch_tensor *a, double low, double high, ctorch_tensor **out, char **message);

// In place: `a` itself changes.
ctorch_status ctorch_copy_into(const ctorch_tensor *a, const ctorch_tensor *source, char **message);
// Of one dimension the places `indices`, from the places of `source`.
ctorch_status ctorch_index_copy_into(const ctorch_tensor *a, int64_t dimension, const ctorch_tensor *indices, const ctorch_tensor *source, char **message);
ctorch_status ctorch_fill(const ctorch_tensor *a, double value, char **message);
ctorch_status ctorch_add_into(const ctorch_tensor *a, const ctorch_tensor *b, double scale, char **message);  // a += scale b
ctorch_status ctorch_scale_into(const ctorch_tensor *a, double scale, char **message);  // a *= scale

// --- recorded work (Graph.cpp): operations on a CUDA device, told once and repeated as one
typedef struct ctorch_graph ctorch_graph;
bool ctorch_has_cuda(void);  // whether it was compiled in
bool ctorch_can_record(ctorch_device device);
// All work of this thread on the device, until the end, is recorded and not done.
ctorch_status ctorch_graph_begin(ctorch_device device, ctorch_graph **out, char **message);
ctorch_status ctorch_graph_end(ctorch_graph *graph, char **message);
ctorch_status ctorch_graph_repeat(ctorch_graph *graph, char **message);
void ctorch_graph_release(ctorch_graph *graph);
// Waits until a CUDA device has done everything; elsewhere everything is done already.
ctorch_status ctorch_synchronize(ctorch_device device, char **message);

// --- reductions (Arithmetic.cpp)
typedef int32_t ctorch_reduction_kind;
enum { CTORCH_SUM, CTORCH_MEAN, CTORCH_MAX, CTORCH_MIN, CTORCH_ARGMAX, CTORCH_ARGMIN, CTORCH_ALL, CTORCH_ANY, CTORCH_LOG_SUM_EXP, CTORCH_VARIANCE };
ctorch_status ctorch_reduce(ctorch_reduction_kind kind, const ctorch_tensor *a, int64_t dimension, bool keep, ctorch_tensor **out, char **message);
ctorch_status ctorch_reduce_all(ctorch_reduction_kind kind, const ctorch_tensor *a, ctorch_tensor **out, char **message);
ctorch_status ctorch_cumulative_sum(const ctorch_tensor *a, int64_t dimension, ctorch_tensor **out, char **message);
ctorch_status ctorch_top(const ctorch_tensor *a, int64_t count, int64_t dimension, ctorch_tensor **values, ctorch_tensor **indices, char **message);
ctorch_status ctorch_sort(const ctorch_tensor *a, int64_t dimension, bool descending, ctorch_tensor **values, ctorch_tensor **indices, char **message);

// --- neural (Neural.cpp). Optional tensors may be NULL.
ctorch_status ctorch_matmul(const ctorch_tensor *a, const ctorch_tensor *b, ctorch_tensor **out, char **message);
ctorch_status ctorch_linear(const ctorch_tensor *a, const ctorch_tensor *weight, const ctorch_tensor *bias, ctorch_tensor **out, char **message);
// `count` products of one input: a [..., columns] -> out[i] [..., rows of i].
typedef struct {
  const ctorch_tensor *weight;  // [rows, columns]
  const ctorch_tensor *bias;    // or NULL
} ctorch_layer;
ctorch_status ctorch_linear_together(const ctorch_tensor *a, const ctorch_layer *layers, int32_t count, ctorch_tensor **out, char **message);
// Moves tensors to one memory, side by side along a dimension; they become views of it. (Adjoin.cpp)
ctorch_status ctorch_adjoin(ctorch_tensor *const *parts, int32_t count, int64_t dimension, char **message);
ctorch_status ctorch_embedding(const ctorch_tensor *weight, const ctorch_tensor *ids, ctorch_tensor **out, char **message);
ctorch_status ctorch_convolve(const ctorch_tensor *a, const ctorch_tensor *weight, const ctorch_tensor *bias, int64_t stride, ctorch_tensor **out, char **message);
ctorch_status ctorch_layer_norm(const ctorch_tensor *a, const ctorch_tensor *weight, const ctorch_tensor *bias, double epsilon, ctorch_tensor **out, char **message);
ctorch_status ctorch_softmax(const ctorch_tensor *a, int64_t dimension, bool logarithm, ctorch_tensor **out, char **message);
ctorch_status ctorch_attention(const ctorch_tensor *queries, const ctorch_tensor *keys, const ctorch_tensor *values, const ctorch_tensor *mask,
                               double dropout, bool causal, double scale, ctorch_tensor **out, char **message);
ctorch_status ctorch_dropout(const ctorch_tensor *a, double probability, ctorch_tensor **out, char **message);
// Over the targets that are not `ignored`: one for each (reduction 0), their mean (1), or their sum (2); logits [N, V], targets [N]. `smoothing` is the share of a target that all V classes have.
ctorch_status ctorch_cross_entropy(const ctorch_tensor *logits, const ctorch_tensor *targets, int64_t ignored, int64_t reduction, double smoothing,
                                   ctorch_tensor **out, char **message);
ctorch_status ctorch_resize_bicubic(const ctorch_tensor *a, int64_t height, int64_t width, ctorch_tensor **out, char **message);

// --- gradients, threads, devices (Runtime.cpp)
void ctorch_give_back_memory(void);  // what was freed, to the system
ctorch_status ctorch_require_gradient(const ctorch_tensor *a, bool required, char **message);
ctorch_status ctorch_backward(const ctorch_tensor *a, const ctorch_tensor *gradient, char **message);
ctorch_status ctorch_gradient(const ctorch_tensor *a, ctorch_tensor **out, char **message);  // *out is NULL when there is none
ctorch_status ctorch_clear_gradient(const ctorch_tensor *a, char **message);
bool ctorch_gradient_mode(void);  // of this thread
void ctorch_set_gradient_mode(bool enabled);
// Keeps freed memory for the next tensor instead of handing it back to the system, as large tensors come and go in every layer.
void ctorch_keep_memory(void);
void ctorch_set_threads(int32_t count);
int32_t ctorch_threads(void);
bool ctorch_device_available(ctorch_device device);
const char *ctorch_version(void);

// --- packed weights (Packed.cpp): 4- and 8-bit integers in groups of 32, on the CPU. See CKernels.h for the layout.
typedef struct {
  int32_t format;  // 4 or 8 bits
  int64_t rows, columns;
  const ctorch_tensor *bytes;  // uint8, [ctorch_packed_size]
  const ctorch_tensor *bias;   // [rows], or NULL
} ctorch_packed;
size_t ctorch_packed_size(int32_t format, int64_t rows, int64_t columns);  // 0: too large
bool ctorch_packed_scales_are_finite(int32_t format, int64_t rows, int64_t columns, const void *bytes);
bool ctorch_packed_fits(int32_t format, int64_t rows, int64_t columns, const void *bytes);
ctorch_status ctorch_pack(const ctorch_tensor *weights, int32_t format, ctorch_tensor **out, char **message);
ctorch_status ctorch_unpack(const ctorch_packed *weights, ctorch_tensor **out, char **message);
// `count` products of one input: a [..., columns] -> out[i] [..., rows of i], in a's type.
ctorch_status ctorch_linear_packed(const ctorch_tensor *a, const ctorch_packed *weights, int32_t count, ctorch_tensor **out, char **message);
// Random weights of a standard deviation: packed, or plain of float32, bfloat16 or float16.
ctorch_status ctorch_random_packed(int32_t format, int64_t rows, int64_t columns, double deviation, uint64_t seed, ctorch_tensor **out, char **message);
ctorch_status ctorch_random_weights(const int64_t *shape, int32_t rank, ctorch_type type, double deviation, uint64_t seed, ctorch_tensor **out, char **message);
// --- packed weights on other devices (Int4.cpp)
// The weights as ordinary numbers there.
ctorch_status ctorch_unpack_on(const ctorch_packed *weights, ctorch_type type, ctorch_device device, ctorch_tensor **out, char **message);
// 4-bit weights as libtorch's own product reads them, in bfloat16.
typedef struct {
  ctorch_tensor *codes;   // uint8 [rows, columns / 2]: values + 8, those of even columns in the high nibbles
  ctorch_tensor *scales;  // bfloat16 [columns / 32, rows, 2]: scales, and zeros
  ctorch_tensor *tiles;   // the codes once more, in the order of the product
} ctorch_int4_parts;
bool ctorch_int4_fits(int64_t rows, int64_t columns);  // whether there is a product for this shape
ctorch_status ctorch_int4(const ctorch_packed *weights, ctorch_device device, ctorch_int4_parts *out, char **message);
typedef struct {
  ctorch_int4_parts weight;
  const ctorch_tensor *bias;  // or NULL
} ctorch_int4_layer;
// `count` products of one input: a [..., columns] -> out[i] [..., rows of i], in a's type; gradients pass through to a.
ctorch_status ctorch_linear_int4(const ctorch_tensor *a, const ctorch_int4_layer *layers, int32_t count, ctorch_tensor **out, char **message);
// What products with weights have taken since the last call, packed ones and others.
typedef struct { double seconds, bytes, operations; } ctorch_work;
ctorch_work ctorch_take_work(void);
const char *ctorch_kernels(void);  // the instruction set of these products
bool ctorch_choose_kernels(const char *name);  // for the calling thread; NULL goes back to the best
double ctorch_measure_read(const ctorch_tensor *a);      // bytes per second of reading a contiguous tensor once, on all threads
double ctorch_measure_integers(double seconds);          // 8-bit operations per second in registers, on all threads
double ctorch_measure_floats(ctorch_type type, double seconds);  // the same of a type of floats

// --- small operations in one pass (Fused.cpp); with gradients they are made of libtorch's own
// weight * (a / rms(a)), rounded to the weight's type before the multiplication
ctorch_status ctorch_rms_norm(const ctorch_tensor *a, const ctorch_tensor *weight, double epsilon, ctorch_tensor **out, char **message);
// Turns pairs of channels (i, i + d/2): a [B, H, T, d], cosines and sines [B or 1, 1, T, d].
ctorch_status ctorch_rotate(const ctorch_tensor *a, const ctorch_tensor *cosines, const ctorch_tensor *sines, ctorch_tensor **out, char **message);
// A step of decoding in one layer: puts keys and values behind the `length` positions that are cached, and attends to all of them.
typedef struct {
  const ctorch_tensor *queries, *keys, *values;       // float32 [B, T, H d], [B, T, K d] twice; H is a multiple of K
  const ctorch_tensor *cosines, *sines;               // [B or 1, 1, T, d], or NULL for no rotation
  const ctorch_tensor *key_cache, *value_cache;       // float32 [B, K, capacity, d], contiguous
  int64_t length;
  const ctorch_tensor *mask;                          // bool or added, broadcasting to [B, H, T, length + T], or NULL
  double scale;
} ctorch_step;
ctorch_status ctorch_attend_step(const ctorch_step *step, ctorch_tensor **out, char **message);  // [B, T, H d]
// The same for several answers that share nothing but the weights: their tokens stand one behind another.
typedef struct {
  const ctorch_tensor *keys, *values;                 // what is kept of the answer: float32 [1, K, capacity, d], contiguous
  int64_t length;                                     // positions that are kept
  int64_t count;                                      // tokens of this step
  int64_t seen, added;                                // where its part of the masks below begins, or -1
} ctorch_joint_answer;
typedef struct {
  const ctorch_tensor *queries;                       // float32 [..., H d], the tokens of all answers
  const ctorch_tensor *keys, *values;                 // [..., K d] twice, put behind what is kept; or NULL: nothing is
  const ctorch_tensor *cosines, *sines;               // [..., d], or NULL for no rotation
  const ctorch_joint_answer *answers;
  int32_t count;
  const ctorch_tensor *seen;                          // bool: of an answer [T, positions], or NULL
  const ctorch_tensor *added;                         // float32: of an answer [H, T, positions], or NULL
  double scale;
} ctorch_joint_step;
ctorch_status ctorch_attend_joint(const ctorch_joint_step *step, ctorch_tensor **out, char **message);  // as the queries
// activation(gate) * up, `kind` being a unary one
ctorch_status ctorch_gated(ctorch_unary_kind kind, const ctorch_tensor *gate, const ctorch_tensor *up, ctorch_tensor **out, char **message);

// --- several processes (Distributed.cpp). Limits are in milliseconds.
typedef struct ctorch_store ctorch_store;      // where the processes find each other: small texts under keys
typedef struct ctorch_group ctorch_group;      // moves tensors between them
typedef struct ctorch_reducer ctorch_reducer;  // sums gradients over them during the backward pass
bool ctorch_has_groups(void);  // whether this build can make groups; stores it always can
// Connects to the store at host and port, which one process `serves`.
ctorch_status ctorch_store_open(const char *host, uint16_t port, bool serves, int64_t limit, ctorch_store **out, char **message);
// Serves one that only this machine reaches, at a free port.
ctorch_status ctorch_store_open_local(int64_t limit, ctorch_store **out, char **message);
void ctorch_store_release(ctorch_store *store);
uint16_t ctorch_store_port(const ctorch_store *store);
ctorch_status ctorch_store_put_first(ctorch_store *store, const char *key, const char *text, char **message);  // unless something is there
ctorch_status ctorch_store_find(ctorch_store *store, const char *key, char **text, char **message);  // NULL: nothing; freed as messages are
// Waits until all `count` ranks have come here. Past the limit, says who is `missing` (count flags) and returns no error.
ctorch_status ctorch_store_meet(ctorch_store *store, const char *place, int32_t rank, int32_t count, int64_t limit, bool *missing, char **message);
// `name`: its place in the store; `host`: this machine's address to be reached at, or NULL to find one.
// All of the following wait for the other ranks, at most `limit`.
ctorch_status ctorch_group_create(ctorch_store *store, const char *name, const char *host, int32_t rank, int32_t count, int64_t limit, ctorch_group **out, char **message);
void ctorch_group_release(ctorch_group *group);
ctorch_status ctorch_group_sum(ctorch_group *group, const ctorch_tensor *a, ctorch_tensor **out, char **message);
ctorch_status ctorch_group_broadcast(ctorch_group *group, const ctorch_tensor *const *tensors, int32_t count, int32_t from, char **message);  // in place
ctorch_status ctorch_group_gather(ctorch_group *group, const ctorch_tensor *a, ctorch_tensor **out, char **message);  // out has a place for each rank
ctorch_status ctorch_group_barrier(ctorch_group *group, char **message);
ctorch_status ctorch_reducer_create(ctorch_group *group, const ctorch_tensor *const *parameters, int32_t count, int64_t bucket_bytes,
                                    ctorch_reducer **out, char **message);
void ctorch_reducer_release(ctorch_reducer *reducer);
// As ctorch_backward; the last one of a step also replaces every gradient gathered since the step before by its sum over the ranks.
ctorch_status ctorch_reducer_backward(ctorch_reducer *reducer, const ctorch_tensor *loss, bool is_last, char **message);
// The same sums without a reducer, when the backward passes of a step are over: for parameters that a reducer cannot watch.
ctorch_status ctorch_group_sum_gradients(ctorch_group *group, const ctorch_tensor *const *parameters, int32_t count, int64_t bucket_bytes, char **message);
// --- training (Training.cpp)
// Computes a tensor from others, whose handles it takes over.
typedef ctorch_status (*ctorch_recomputed)(void *context, ctorch_tensor **inputs, int32_t count, ctorch_tensor **out, char **message);
// What `body` makes of the inputs, keeping nothing but them for the way back, where `body` runs once more. `release(context)` runs when the
// last use is over (also when this call fails).
ctorch_status ctorch_recompute(ctorch_recomputed body, ctorch_release_memory release, void *context, ctorch_tensor *const *inputs,
                               int32_t count, ctorch_tensor **out, char **message);
ctorch_status ctorch_dropout_drawn(const ctorch_tensor *a, double probability, ctorch_generator *generator, ctorch_tensor **out, char **message);
// Over the gradients of all parameters that have one.
ctorch_status ctorch_gradient_norm(ctorch_tensor *const *parameters, int32_t count, double *out, char **message);
ctorch_status ctorch_scale_gradients(ctorch_tensor *const *parameters, int32_t count, double factor, char **message);
// Moves each tensor toward its other by a share of the way, in place.
ctorch_status ctorch_move(ctorch_tensor *const *tensors, ctorch_tensor *const *others, int32_t count, double share, char **message);
typedef struct { double step, rate, beta1, beta2, decay, epsilon; } ctorch_adamw_settings;  // step: counted from 1
// One step of AdamW in place; a parameter without a gradient has one of zeros.
ctorch_status ctorch_adamw(ctorch_tensor *const *parameters, ctorch_tensor *const *means, ctorch_tensor *const *squares, int32_t count,
                           const ctorch_adamw_settings *settings, char **message);
// Sets autocast of a device on this thread, and says what it was.
bool ctorch_is_autocasting(ctorch_device device);  // on the calling thread
ctorch_status ctorch_autocast(ctorch_device where, bool enabled, ctorch_type type, bool *was_enabled, ctorch_type *was_type, char **message);

#ifdef __cplusplus
}
#endif
#endif
