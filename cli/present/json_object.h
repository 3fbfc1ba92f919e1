// JSON objects and arrays, written member by member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/data/text_forms.h"

namespace braid::cli {

class JsonObject {
 public:
  /// Bytes that are not UTF-8 become U+FFFD.
  void text(std::string_view name, std::string_view value) {
    begin(name);
    append_json_string(json_, whole_utf8(value));
  }
  void number(std::string_view name, int64_t value) { raw(name, std::to_string(value)); }
  void decimal(std::string_view name, double value) { raw(name, fmt::format("{:.3f}", value)); }
  void boolean(std::string_view name, bool value) { raw(name, value ? "true" : "false"); }
  void null(std::string_view name) { raw(name, "null"); }
  /// JSON.
  void raw(std::string_view name, std::string_view value) {
    begin(name);
    json_ += value;
  }
  /// The members of another one behind these.
  void append(JsonObject other) {
    if (other.json_.empty()) return;
    json_ += json_.empty() ? "{" : ",";
    json_ += std::string_view(other.json_).substr(1);
  }
  std::string take() { return json_.empty() ? "{}" : std::move(json_) + "}"; }

 private:
  static std::string whole_utf8(std::string_view value) {
    std::string whole;
    while (true) {
      const size_t broken = first_broken_byte(value);
      whole += value.substr(0, broken);
      if (broken == value.size()) return whole;
      whole += "\xEF\xBF\xBD";
      value.remove_prefix(broken + 1);
    }
  }
  void begin(std::string_view name) {
    json_ += json_.empty() ? "{" : ",";
    append_json_string(json_, name);
    json_ += ':';
  }

  std::string json_;
};

class JsonArray {
 public:
  void add(std::string_view element) {
    json_ += json_.empty() ? "[" : ",";
    json_ += element;
  }
  std::string take() { return json_.empty() ? "[]" : std::move(json_) + "]"; }

 private:
  std::string json_;
};

}  // namespace braid::cli
