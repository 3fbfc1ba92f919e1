// Result<T>: a value or an Error, for failures that are expected (a full disk, a missing file). User mistakes are
// diagnostics (runtime/report), broken invariants are BRAID_CHECK.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "runtime/base/check.h"

namespace braid {

/// The exit code of the command that an error leads to.
enum class ErrorKind { usage, input, store, output, internal };

struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  /// Code of the diagnostics catalogue (7001 for E7001); 0 where the caller wraps it into one.
  int code = 0;
  /// The operating system's error number, 0 if none.
  int system_error = 0;
};

/// `E` has a `message`.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : content_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & {
    BRAID_CHECK(ok(), error_text());
    return std::get<0>(content_);
  }
  const T& value() const& {
    BRAID_CHECK(ok(), error_text());
    return std::get<0>(content_);
  }
  T&& value() && {
    BRAID_CHECK(ok(), error_text());
    return std::get<0>(std::move(content_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const E& error() const { return std::get<1>(content_); }

 private:
  std::string error_text() const { return ok() ? std::string() : std::get<1>(content_).message; }
  std::variant<T, E> content_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(E error) : error_(std::move(error)) {}
  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const E& error() const { return *error_; }

 private:
  std::optional<E> error_;
};

using Status = Result<void>;

}  // namespace braid

/// Returns the error of `expression` from the function, if it has one.
#define BRAID_TRY(expression)                                    \
  do {                                                           \
    auto braid_try_result = (expression);                        \
    if (!braid_try_result.ok()) return braid_try_result.error(); \
  } while (false)

#define BRAID_CONCAT_INNER(a, b) a##b
#define BRAID_CONCAT(a, b) BRAID_CONCAT_INNER(a, b)
#define BRAID_ASSIGN_IMPL(temporary, target, expression) \
  auto temporary = (expression);                         \
  if (!temporary.ok()) return temporary.error();         \
  target = std::move(temporary).value()
/// `BRAID_ASSIGN(auto file, fs.open(path));`: the value, or returns the error from the function.
#define BRAID_ASSIGN(target, expression) BRAID_ASSIGN_IMPL(BRAID_CONCAT(braid_result_, __LINE__), target, expression)
