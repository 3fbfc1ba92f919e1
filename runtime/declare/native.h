// From a plain C++ function to a declared function of the language.
//
//   static std::string_view right(std::string_view text, int64_t count) { … }
//   BRAID_FUNCTION(strings, right, {.summary = "…", .parameters = {{"text", "…"}, {"count", "…"}}, .examples = {…}})
//   …
//   BRAID_GROUP(strings)                          // once, at the end of the file
//
// The C++ types are the signature:
//   bool, int64_t, double, std::string_view (string), Binary (bytes), Uuid, Date, TimeOfDay, Timestamp, Duration,
//   Json
//   Decimal        any decimal, with its scale       Symbol         any enum, with its symbols
//   AnyValue       a value of T                      AnyList        list<T>
//   ListOf<X>      list<X>                           std::optional  X?
//   Fallible<X>    as a result: the call may fail
//   CallContext&   first, if the function needs memory or says why it fails; CallSite<X>&: a cached X of the call;
//   ElementScale   the scale of the decimals in an AnyList; ResultScale: the scale that the result rule gave. These
//   four
//                  are not parameters of the language.
//
// Results that are text or lists are views of the arguments or of memory from `allocate`. In bitcode (BRAID_BITCODE)
// only the native form remains.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "runtime/declare/function.h"
#include "runtime/declare/layout.h"

/// Memory of the turn, aligned to 16 bytes. Out of line, so that bitcode does not know the arena.
extern "C" char* braid_allocate(braid::CallContext* context, uint64_t bytes);

namespace braid {

// ---- values --------------------------------------------------------------------------------------------------------

struct Binary {
  std::string_view view;
};
struct Uuid {
  int128 value;
};
struct Date {
  int32_t days;
};
struct TimeOfDay {
  int64_t micros;
};
struct Timestamp {
  int64_t micros;
};
struct Duration {
  int64_t micros;
};
/// A value of the type `json`: canonical text (runtime/data/json_text.h).
struct Json {
  std::string_view text;
};
struct Decimal {
  int128 unscaled;
  int scale;
};
struct Symbol {
  int32_t index;
  const char* layout;  ///< of the enum
};
struct AnyValue {
  const Slot* slots;
  Layout layout;
};
struct AnyList {
  const Slot* items;
  uint64_t count;
  Layout layout;  ///< of an element

  const Slot* at(uint64_t index) const { return items + index * layout.slots; }
};
/// Elements of one slot each; of optional elements two.
template <class T>
struct ListOf {
  const Slot* items;
  uint64_t count;
};
struct ElementScale {
  int scale;
};
struct ResultScale {
  int scale;
};

/// The object that a call site keeps from its first call on: a compiled pattern, a time zone.
template <class T>
struct CallSite {
  void*& place;

  template <class Make>
  const T& get(Make make) {
    if (place == nullptr) [[unlikely]]
      place = make().release();
    return *static_cast<const T*>(place);
  }
};

// ---- failing -------------------------------------------------------------------------------------------------------

/// Codes of the diagnostics catalogue that a call may give.
enum class CallFailure : uint32_t {
  none = 0,
  overflow = 6101,
  division_by_zero = 6102,
  conversion = 6104,  ///< CallContext::failure is the text
  function = 6106,    ///< CallContext::failure is the reason
  too_long = 6107,    ///< see kLongestText
};

struct Failure {
  CallFailure code;
};

template <class T>
struct Fallible {
  CallFailure code = CallFailure::none;
  T value{};

  Fallible(T result) : value(result) {}
  Fallible(Failure failure) : code(failure.code) {}
};

inline Failure overflow() {
  return {CallFailure::overflow};
}
inline Failure division_by_zero() {
  return {CallFailure::division_by_zero};
}
/// `reason`: lower case, no full stop; a literal or of the turn's memory.
inline Failure fails(CallContext& context, std::string_view reason) {
  context.failure = {reason.data(), reason.size()};
  return {CallFailure::function};
}
inline Failure cannot_convert(CallContext& context, std::string_view text) {
  context.failure = {text.data(), text.size()};
  return {CallFailure::conversion};
}

/// The text would be longer than kLongestText.
inline Failure too_long() {
  return {CallFailure::too_long};
}

inline char* allocate(CallContext& context, uint64_t bytes) {
  return braid_allocate(&context, bytes);
}
inline Slot* allocate_slots(CallContext& context, uint64_t count) {
  return reinterpret_cast<Slot*>(braid_allocate(&context, count * sizeof(Slot)));
}

// ---- slots to arguments and back -----------------------------------------------------------------------------------

namespace native {

struct Reader {
  const Slot* next;
  const Slot* scales;
  CallContext* context;
  Layout layout;
  const Slot* cache;
};

template <class T>
struct Form;  // kHidden: no parameter of the language; kSlots; read; write; type

#define BRAID_SCALAR_FORM(Cpp, slot_member, make_type, make_slot, access) \
  template <>                                                             \
  struct Form<Cpp> {                                                      \
    static constexpr int kSlots = 1;                                      \
    static constexpr ParameterKind kKind = ParameterKind::exact;          \
    static Type type() {                                                  \
      return make_type();                                                 \
    }                                                                     \
    static Cpp read(Reader& reader) {                                     \
      return Cpp{(reader.next++)->slot_member};                           \
    }                                                                     \
    static void write(Slot* result, const Cpp& value, const Layout&) {    \
      *result = make_slot(value access);                                  \
    }                                                                     \
  };
inline Slot slot_i32(int32_t value) {
  Slot slot;
  slot.i128 = 0;
  slot.i32 = value;
  return slot;
}
BRAID_SCALAR_FORM(int64_t, i64, int_type, slot_i64, )
BRAID_SCALAR_FORM(double, f64, float_type, slot_f64, )
BRAID_SCALAR_FORM(std::string_view, bytes.view(), string_type, slot_bytes, )
BRAID_SCALAR_FORM(Binary, bytes.view(), bytes_type, slot_bytes, .view)
BRAID_SCALAR_FORM(Uuid, i128, uuid_type, slot_i128, .value)
BRAID_SCALAR_FORM(Date, i32, date_type, slot_i32, .days)
BRAID_SCALAR_FORM(TimeOfDay, i64, time_type, slot_i64, .micros)
BRAID_SCALAR_FORM(Timestamp, i64, timestamp_type, slot_i64, .micros)
BRAID_SCALAR_FORM(Duration, i64, duration_type, slot_i64, .micros)
BRAID_SCALAR_FORM(Json, bytes.view(), json_type, slot_bytes, .text)
#undef BRAID_SCALAR_FORM

template <>
struct Form<bool> {
  static constexpr int kSlots = 1;
  static constexpr ParameterKind kKind = ParameterKind::exact;
  static Type type() { return bool_type(); }
  static bool read(Reader& reader) { return (reader.next++)->u8 != 0; }
  static void write(Slot* result, bool value, const Layout&) { *result = slot_u8(value); }
};
template <>
struct Form<Decimal> {
  static constexpr int kSlots = 1;
  static constexpr ParameterKind kKind = ParameterKind::any_decimal;
  static Type type() { return nullptr; }
  static Decimal read(Reader& reader) { return {(reader.next++)->i128, static_cast<int>((reader.scales++)->i64)}; }
  static void write(Slot* result, Decimal value, const Layout&) { *result = slot_i128(value.unscaled); }
};
template <>
struct Form<Symbol> {
  static constexpr int kSlots = 1;
  static constexpr ParameterKind kKind = ParameterKind::any_enum;
  static Type type() { return nullptr; }
  static Symbol read(Reader& reader) { return {(reader.next++)->i32, reader.layout.text}; }
};
template <>
struct Form<AnyValue> {
  static constexpr ParameterKind kKind = ParameterKind::any;
  static constexpr int kSlots = 0;  // leaf_count(T)
  static Type type() { return nullptr; }
  static AnyValue read(Reader& reader) {
    const AnyValue value{reader.next, reader.layout};
    reader.next += reader.layout.slots;
    return value;
  }
  static void write(Slot* result, const AnyValue& value, const Layout& layout) {
    for (uint64_t i = 0; i < layout.slots; ++i) result[i] = value.slots[i];
  }
};
template <>
struct Form<AnyList> {
  static constexpr ParameterKind kKind = ParameterKind::list_of_any;
  static constexpr int kSlots = 1;
  static Type type() { return nullptr; }
  static AnyList read(Reader& reader) {
    const List list = (reader.next++)->list;
    return {list.items, list.count, reader.layout};
  }
  static void write(Slot* result, const AnyList& value, const Layout&) { result->list = {value.items, value.count}; }
};
template <class T>
struct Form<ListOf<T>> {
  static constexpr ParameterKind kKind = ParameterKind::exact;
  static constexpr int kSlots = 1;
  static Type type() { return list_type(Form<T>::type()); }
  static ListOf<T> read(Reader& reader) {
    const List list = (reader.next++)->list;
    return {list.items, list.count};
  }
  static void write(Slot* result, const ListOf<T>& value, const Layout&) { result->list = {value.items, value.count}; }
};
template <class T>
struct Form<std::optional<T>> {
  static constexpr ParameterKind kKind = ParameterKind::exact;
  static constexpr int kSlots = 1 + Form<T>::kSlots;
  static Type type() { return optional_type(Form<T>::type()); }
  static std::optional<T> read(Reader& reader) {
    const bool present = (reader.next++)->u8 != 0;
    T value = Form<T>::read(reader);
    return present ? std::optional<T>(value) : std::nullopt;
  }
  static void write(Slot* result, const std::optional<T>& value, const Layout& layout) {
    uint64_t slots = kSlots - 1;
    if constexpr (std::is_same_v<T, AnyValue>) {
      slots = layout.slots;
      if (layout.optional()) {  // `T?` of an optional T is T
        for (uint64_t i = 0; i < slots; ++i) result[i] = value ? value->slots[i] : slot_i64(0);
        return;
      }
    }
    result[0] = slot_u8(value.has_value());
    if (value) {
      Form<T>::write(result + 1, *value, layout);
    } else {
      for (uint64_t i = 0; i < slots; ++i) result[1 + i] = slot_i64(0);
    }
  }
};

template <class T>
struct Traits {
  static constexpr bool kHidden = false, kDecimal = std::is_same_v<T, Decimal>, kCache = false;
  static constexpr bool kLayout =
      std::is_same_v<T, AnyValue> || std::is_same_v<T, AnyList> || std::is_same_v<T, Symbol>;
  static constexpr int kSlots = Form<T>::kSlots;
  static T read(Reader& reader) { return Form<T>::read(reader); }
};
template <>
struct Traits<CallContext&> {
  static constexpr bool kHidden = true, kDecimal = false, kCache = false, kLayout = false;
  static constexpr int kSlots = 0;
  static CallContext& read(Reader& reader) { return *reader.context; }
};
template <>
struct Traits<ElementScale> {  // stands among the scales of the arguments
  static constexpr bool kHidden = true, kDecimal = true, kCache = false, kLayout = false;
  static constexpr int kSlots = 0;
  static ElementScale read(Reader& reader) { return {static_cast<int>((reader.scales++)->i64)}; }
};
template <>
struct Traits<ResultScale> {  // stands behind the scales of the arguments, so it is the last parameter
  static constexpr bool kHidden = true, kDecimal = false, kCache = false, kLayout = false;
  static constexpr int kSlots = 0;
  static ResultScale read(Reader& reader) { return {static_cast<int>(reader.scales->i64)}; }
};
template <class T>
struct Traits<CallSite<T>> {
  static constexpr bool kHidden = true, kDecimal = false, kCache = true, kLayout = false;
  static constexpr int kSlots = 0;
  static CallSite<T> read(Reader& reader) { return {reader.context->caches[reader.cache->i64]}; }
  static void free(void* object) { delete static_cast<T*>(object); }
};

template <class T>
struct ResultOf {
  using Plain = T;
  static constexpr bool kFails = false;
};
template <class T>
struct ResultOf<Fallible<T>> {
  using Plain = T;
  static constexpr bool kFails = true;
};
template <class T>
inline constexpr bool kIsDecimal = std::is_same_v<T, Decimal> || std::is_same_v<T, std::optional<Decimal>>;

template <class Function>
struct Signature;

template <class R, class... Args>
struct Signature<R (*)(Args...)> {
  using Plain = typename ResultOf<R>::Plain;
  static constexpr bool kFails = ResultOf<R>::kFails;
  static constexpr int kDecimals = (0 + ... + static_cast<int>(Traits<Args>::kDecimal));
  static constexpr bool kScales = kDecimals > 0 || kIsDecimal<Plain>;
  static constexpr bool kLayout = (false || ... || Traits<Args>::kLayout);
  static constexpr bool kCache = (false || ... || Traits<Args>::kCache);
  static constexpr bool kAnyValues = (false || ... || std::is_same_v<Args, AnyValue>);
  static constexpr int kSlots = (0 + ... + Traits<Args>::kSlots);
  static_assert(!(kAnyValues && (kScales || kCache)), "the slots behind arguments of any type have no fixed place");

  template <R (*kFunction)(Args...)>
  static uint32_t call(CallContext* context, const Slot* arguments, Slot* result) {
    const Slot* first = arguments + (kLayout ? 1 : 0);
    Reader reader{first, first + kSlots, context, {}, first + kSlots + kDecimals + (kIsDecimal<Plain> ? 1 : 0)};
    if constexpr (kLayout) reader.layout = Layout::of(arguments->bytes);
    const Layout layout = reader.layout;
    std::tuple<Args...> values{Traits<Args>::read(reader)...};
    R returned = std::apply(kFunction, values);
    if constexpr (kFails) {
      if (returned.code != CallFailure::none) return static_cast<uint32_t>(returned.code);
      Form<Plain>::write(result, returned.value, layout);
    } else {
      Form<Plain>::write(result, returned, layout);
    }
    return 0;
  }
};

}  // namespace native
}  // namespace braid

#ifdef BRAID_BITCODE

#define BRAID_FUNCTION(group, function, ...)                                                                    \
  extern "C" uint32_t braid_##group##_##function(::braid::CallContext* context, const ::braid::Slot* arguments, \
                                                 ::braid::Slot* result) {                                       \
    return ::braid::native::Signature<decltype(&function)>::call<&function>(context, arguments, result);        \
  }
#define BRAID_GROUP(group)

#else

#include "runtime/declare/declaration.h"

#define BRAID_FUNCTION(group, function, ...)                                                                    \
  extern "C" uint32_t braid_##group##_##function(::braid::CallContext* context, const ::braid::Slot* arguments, \
                                                 ::braid::Slot* result) {                                       \
    return ::braid::native::Signature<decltype(&function)>::call<&function>(context, arguments, result);        \
  }                                                                                                             \
  static ::braid::FunctionDeclaration declare_##function() {                                                    \
    return ::braid::native::declare<decltype(&function)>(#group, #function, "braid_" #group "_" #function,      \
                                                         &braid_##group##_##function, __VA_ARGS__);             \
  }                                                                                                             \
  template <>                                                                                                   \
  constexpr native::Declare native::kEntry<__COUNTER__> = &declare_##function;

/// `void add_<group>(FunctionRegistry&)`: all functions of this file, in the order in which they stand.
#define BRAID_GROUP(group)                                                                  \
  void add_##group(::braid::FunctionRegistry& registry) {                                   \
    ::braid::native::add_entries(registry, std::make_integer_sequence<int, __COUNTER__>{}); \
  }

#endif
