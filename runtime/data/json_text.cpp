#include "runtime/data/json_text.h"

#include <algorithm>
#include <vector>

#include "runtime/data/text_forms.h"

namespace braid {
namespace {

constexpr int64_t kMostExponent = 1'000'000'000;
constexpr int64_t kPlainDigits = 40;  ///< up to here a number is written without an exponent

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

void append_code_point(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

/// Four hexadecimal digits at `at`; -1 if they are none.
int32_t hex_unit(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return -1;
  int32_t unit = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    const int digit = is_digit(c)            ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

/// Decodes the string whose first quote is at `at`; false if it is malformed. Moves `at` behind the last quote.
bool decode_string(std::string_view text, size_t& at, std::string& out) {
  for (++at; at < text.size();) {
    const char c = text[at];
    if (c == '"') return ++at, true;
    if (static_cast<uint8_t>(c) < 0x20) return false;
    if (c != '\\') {
      out.push_back(c);
      ++at;
      continue;
    }
    if (at + 1 >= text.size()) return false;
    const char escape = text[at + 1];
    at += 2;
    if (escape != 'u') {
      constexpr std::string_view kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
      const size_t known = kEscapes.find(escape);
      if (known == std::string_view::npos) return false;
      out.push_back(kMeant[known]);
      continue;
    }
    const int32_t unit = hex_unit(text, at);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return false;
    at += 4;
    auto code = static_cast<uint32_t>(unit);
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      if (text.substr(at, 2) != "\\u") return false;
      const int32_t low = hex_unit(text, at + 2);
      if (low < 0xDC00 || low > 0xDFFF) return false;
      at += 6;
      code = 0x10000 + ((code - 0xD800) << 10) + (static_cast<uint32_t>(low) - 0xDC00);
    }
    append_code_point(out, code);
  }
  return false;
}

/// The end of the value at `at`, in canonical text.
size_t end_of_value(std::string_view json, size_t at) {
  int depth = 0;
  do {
    const char c = json[at];
    if (c == '"') {
      for (++at; json[at] != '"'; ++at) at += json[at] == '\\';
      ++at;
    } else if (c == '{' || c == '[') {
      ++depth;
      ++at;
    } else if (c == '}' || c == ']') {
      --depth;
      ++at;
    } else if (c == ',' || c == ':') {
      ++at;
    } else {
      while (at < json.size() && json[at] != ',' && json[at] != ']' && json[at] != '}') ++at;
    }
  } while (depth > 0 && at < json.size());
  return at;
}

class Canonical {
 public:
  Canonical(std::string_view text, std::string& out) : text_(text), out_(out) {}

  JsonFault whole() {
    blanks();
    if (const JsonFault fault = value(0); fault != JsonFault::none) return fault;
    blanks();
    return at_ == text_.size() ? JsonFault::none : JsonFault::malformed;
  }

 private:
  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }

  JsonFault value(int depth) {
    switch (here()) {
      case '{':
        return depth == kJsonNesting ? JsonFault::too_deep : object(depth + 1);
      case '[':
        return depth == kJsonNesting ? JsonFault::too_deep : list(depth + 1);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  JsonFault word(std::string_view meant) {
    if (text_.substr(at_, meant.size()) != meant) return JsonFault::malformed;
    at_ += meant.size();
    out_ += meant;
    return JsonFault::none;
  }

  JsonFault string() {
    content_.clear();
    if (!decode_string(text_, at_, content_)) return JsonFault::malformed;
    append_json_string(out_, content_);
    return JsonFault::none;
  }

  JsonFault number() {
    const bool negative = here() == '-';
    at_ += negative;
    if (!is_digit(here())) return JsonFault::malformed;
    digits_.clear();
    if (here() == '0' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])) return JsonFault::malformed;
    while (is_digit(here())) digits_.push_back(text_[at_++]);
    auto point = static_cast<int64_t>(digits_.size());  // digits before the point
    if (here() == '.') {
      ++at_;
      if (!is_digit(here())) return JsonFault::malformed;
      while (is_digit(here())) digits_.push_back(text_[at_++]);
    }
    if (here() == 'e' || here() == 'E') {
      ++at_;
      const bool down = here() == '-';
      at_ += down || here() == '+';
      if (!is_digit(here())) return JsonFault::malformed;
      int64_t exponent = 0;
      while (is_digit(here())) exponent = std::min(kMostExponent + 1, exponent * 10 + (text_[at_++] - '0'));
      if (exponent > kMostExponent) return JsonFault::out_of_range;
      point += down ? -exponent : exponent;
    }
    const size_t first = digits_.find_first_not_of('0');
    if (first == std::string::npos) return out_.push_back('0'), JsonFault::none;
    digits_.erase(digits_.find_last_not_of('0') + 1);
    digits_.erase(0, first);
    point -= static_cast<int64_t>(first);
    if (negative) out_.push_back('-');
    append_digits(point);
    return JsonFault::none;
  }

  /// 0.digits · 10^point.
  void append_digits(int64_t point) {
    const auto count = static_cast<int64_t>(digits_.size());
    if (point > kPlainDigits || point < -kPlainDigits) {
      out_.push_back(digits_[0]);
      if (count > 1) out_.append(".").append(digits_, 1, std::string::npos);
      out_ += point > 0 ? "e+" : "e-";
      out_ += std::to_string(std::abs(point - 1));
    } else if (point <= 0) {
      out_.append("0.").append(static_cast<size_t>(-point), '0').append(digits_);
    } else if (point >= count) {
      out_.append(digits_).append(static_cast<size_t>(point - count), '0');
    } else {
      out_.append(digits_, 0, static_cast<size_t>(point)).append(".").append(digits_, static_cast<size_t>(point));
    }
  }

  JsonFault list(int depth) {
    out_.push_back('[');
    ++at_;
    blanks();
    if (here() == ']') return ++at_, out_.push_back(']'), JsonFault::none;
    while (true) {
      if (const JsonFault fault = value(depth); fault != JsonFault::none) return fault;
      blanks();
      const char c = here();
      ++at_;
      if (c == ']') return out_.push_back(']'), JsonFault::none;
      if (c != ',') return JsonFault::malformed;
      out_.push_back(',');
      blanks();
    }
  }

  struct Member {
    std::string key;
    size_t begin, end;  ///< in `out_`, with its key
  };

  JsonFault object(int depth) {
    out_.push_back('{');
    ++at_;
    blanks();
    if (here() == '}') return ++at_, out_.push_back('}'), JsonFault::none;
    const size_t start = out_.size();
    std::vector<Member> members;
    bool sorted = true;
    while (true) {
      if (here() != '"') return JsonFault::malformed;
      Member member{{}, out_.size(), 0};
      if (!decode_string(text_, at_, member.key)) return JsonFault::malformed;
      append_json_string(out_, member.key);
      blanks();
      if (here() != ':') return JsonFault::malformed;
      ++at_;
      out_.push_back(':');
      blanks();
      if (const JsonFault fault = value(depth); fault != JsonFault::none) return fault;
      member.end = out_.size();
      sorted = sorted && (members.empty() || members.back().key < member.key);
      members.push_back(std::move(member));
      blanks();
      const char c = here();
      ++at_;
      if (c == '}') break;
      if (c != ',') return JsonFault::malformed;
      out_.push_back(',');
      blanks();
    }
    if (!sorted) {
      std::sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.key < b.key; });
      std::string ordered;
      for (size_t i = 0; i < members.size(); ++i) {
        if (i > 0 && members[i].key == members[i - 1].key) return JsonFault::duplicate;
        if (i > 0) ordered.push_back(',');
        ordered.append(out_, members[i].begin, members[i].end - members[i].begin);
      }
      out_.replace(start, std::string::npos, ordered);
    }
    out_.push_back('}');
    return JsonFault::none;
  }

  std::string_view text_;
  std::string& out_;
  size_t at_ = 0;
  std::string content_, digits_;
};

}  // namespace

JsonFault canonical_json(std::string_view text, std::string& out) {
  const size_t before = out.size();
  const JsonFault fault = Canonical(text, out).whole();
  if (fault != JsonFault::none) out.resize(before);
  return fault;
}

JsonKind json_kind(std::string_view json) {
  switch (json.empty() ? 'n' : json[0]) {
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::list;
    case '"':
      return JsonKind::string;
    case 't':
    case 'f':
      return JsonKind::boolean;
    case 'n':
      return JsonKind::null;
    default:
      return JsonKind::number;
  }
}

JsonParts::JsonParts(std::string_view json) : json_(json), at_(1), object_(json_kind(json) == JsonKind::object) {
  if (!object_ && json_kind(json) != JsonKind::list) at_ = json.size();
}

bool JsonParts::next() {
  if (at_ >= json_.size() || json_[at_] == ']' || json_[at_] == '}') return false;
  if (json_[at_] == ',') ++at_;
  if (object_) {
    const size_t end = end_of_value(json_, at_);
    key_ = json_.substr(at_, end - at_);
    at_ = end + 1;
  }
  const size_t end = end_of_value(json_, at_);
  value_ = json_.substr(at_, end - at_);
  at_ = end;
  return true;
}

std::optional<std::string_view> member_of_json(std::string_view json, std::string_view key) {
  if (json_kind(json) != JsonKind::object) return std::nullopt;
  std::string wanted;
  append_json_string(wanted, key);
  for (JsonParts parts(json); parts.next();)
    if (parts.key() == wanted) return parts.value();
  return std::nullopt;
}

std::optional<std::string_view> element_of_json(std::string_view json, int64_t index) {
  if (index < 0 || json_kind(json) != JsonKind::list) return std::nullopt;
  for (JsonParts parts(json); parts.next();)
    if (index-- == 0) return parts.value();
  return std::nullopt;
}

void append_json_content(std::string_view json, std::string& out) {
  size_t at = 0;
  if (json_kind(json) == JsonKind::string) decode_string(json, at, out);
}

}  // namespace braid
