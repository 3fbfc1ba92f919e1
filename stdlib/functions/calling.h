// Calls native functions in tests the way generated code does: arguments into slots, result out of them.
//
//   EXPECT_EQ(Call("strings_left")("Zoë"sv, int64_t{2}).as<std::string_view>(), "Zo");
//   EXPECT_EQ(Call("maths_sqrt")(-1.0).code(), 6106u);
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/declare/native.h"
#include "stdlib/functions/groups.h"

namespace braid {

using std::string_view_literals::operator""sv;

inline const FunctionRegistry& all_groups() {
  static const FunctionRegistry registry = [] {
    FunctionRegistry made;
    add_all(made);
    return made;
  }();
  return registry;
}

/// One call site; may be called several times.
class Call {
 public:
  explicit Call(std::string_view symbol) {
    for (const FunctionDeclaration& function : all_groups().all())
      if (function.symbol.substr(6) == symbol) function_ = &function;
    BRAID_CHECK(function_ != nullptr, symbol);
    context_.arena = &arena_;
    context_.caches = &cache_;
  }
  ~Call() {
    if (cache_ != nullptr) function_->free_cache(cache_);
  }
  Call(const Call&) = delete;

  /// T of the call, or the enum.
  Call& of(const Type& type) {
    layout_ = layout_of(type);
    element_scale_ = is(type, TypeKind::decimal) ? type->scale : -1;
    return *this;
  }
  Call& result_scale(int scale) {
    scale_ = scale;
    return *this;
  }

  /// int, const char* and the like do not convert by themselves: the C++ types of native.h are meant.
  template <class... Args>
  Call& operator()(const Args&... args) {
    slots_.clear();
    scales_.clear();
    if (function_->takes_layout) slots_.push_back(slot_bytes(layout_));
    (push(args), ...);
    for (const int scale : scales_) slots_.push_back(slot_i64(scale));
    if (scale_ >= 0) slots_.push_back(slot_i64(scale_));
    if (function_->takes_cache) slots_.push_back(slot_i64(0));
    for (Slot& slot : result_) slot = slot_i128(-1);
    context_.failure = {nullptr, 0};
    code_ = function_->native(&context_, slots_.data(), result_);
    if (!function_->fails) EXPECT_EQ(code_, 0u) << function_->name << " says that it cannot fail";
    return *this;
  }

  uint32_t code() const { return code_; }
  std::string failure() const { return std::string(context_.failure.view()); }
  template <class R>
  R as() {
    EXPECT_EQ(code_, 0u) << failure();
    native::Reader reader{result_, result_scales_, &context_, {}, nullptr};
    result_scales_[0] = slot_i64(scale_);
    return native::Traits<R>::read(reader);
  }
  std::vector<int64_t> integers() {
    return column<int64_t>([](const Slot& slot) { return slot.i64; });
  }
  std::vector<std::string> texts() {
    return column<std::string>([](const Slot& slot) { return std::string(slot.bytes.view()); });
  }
  const Slot* raw() const { return result_; }
  Arena& arena() { return arena_; }

 private:
  void push(const AnyValue& value) {
    for (uint64_t i = 0; i < layout::slots(layout_.c_str()); ++i) slots_.push_back(value.slots[i]);
  }
  void push(const AnyList& value) {
    Slot slot;
    native::Form<AnyList>::write(&slot, value, {});
    slots_.push_back(slot);
    if (element_scale_ >= 0 && function_->takes_scales) scales_.push_back(element_scale_);
  }
  void push(Symbol value) { slots_.push_back(native::slot_i32(value.index)); }
  void push(Decimal value) {
    slots_.push_back(slot_i128(value.unscaled));
    scales_.push_back(value.scale);
  }
  template <class T>
  void push(const T& value) {
    Slot slots[3];
    native::Form<T>::write(slots, value, {});
    slots_.insert(slots_.end(), slots, slots + native::Form<T>::kSlots);
  }
  template <class T, class Read>
  std::vector<T> column(Read read) {
    EXPECT_EQ(code_, 0u) << failure();
    std::vector<T> values;
    for (uint64_t i = 0; i < result_->list.count; ++i) values.push_back(read(result_->list.items[i]));
    return values;
  }

  const FunctionDeclaration* function_ = nullptr;
  Arena arena_;
  void* cache_ = nullptr;
  CallContext context_;
  std::string layout_;
  int scale_ = -1;
  int element_scale_ = -1;
  std::vector<Slot> slots_;
  std::vector<int> scales_;
  Slot result_[8];
  Slot result_scales_[1];
  uint32_t code_ = 0;
};

/// A list whose elements live as long as this.
class Items {
 public:
  Items(std::initializer_list<std::string_view> texts) {
    for (const std::string_view text : texts) slots_.push_back(slot_bytes(text));
  }
  Items(std::initializer_list<int> numbers) {
    for (const int number : numbers) slots_.push_back(slot_i64(number));
  }
  explicit Items(std::vector<Slot> slots) : slots_(std::move(slots)) {}
  AnyList any(uint64_t slots_each = 1) const { return {slots_.data(), slots_.size() / slots_each, {}}; }
  template <class T>
  ListOf<T> of() const {
    return {slots_.data(), slots_.size()};
  }

 private:
  std::vector<Slot> slots_;
};

}  // namespace braid
