#include "runtime/codec/record_pattern.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "runtime/codec/json_scanner.h"

namespace braid {
namespace {

/// The most bytes between two values: comparing more could read beyond the padding.
constexpr size_t kMostBetween = kScanPadding - kScanBytes;
constexpr size_t kMostValues = 16 * 1024;

bool is_special(char c) {
  return c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20;
}

class PatternFinder {
 public:
  PatternFinder(const FieldPaths& fields, std::string_view line)
      : line_(line), fields_(fields), found_(fields.size(), false) {}

  std::optional<RecordPattern> find() {
    const char* end = read_object(skip_blanks(line_.data()), 1);
    if (end == nullptr) return std::nullopt;
    const char* behind = line_.data() + line_.size();
    if (!end_bytes(behind)) return std::nullopt;
    for (uint32_t i = 0; i < fields_.size(); ++i)
      if (!found_[i]) pattern_.missing.push_back(i);
    pattern_.line_end = line_.ends_with("\r\n") ? 2 : 1;
    return std::move(pattern_);
  }

 private:
  /// The bytes before the next value end at `end`.
  bool end_bytes(const char* end) {
    const std::string_view bytes(behind_last_, static_cast<size_t>(end - behind_last_));
    const auto first = std::find_if(bytes.begin(), bytes.end(), is_special);
    if (first == bytes.end() || bytes.size() > kMostBetween) return false;
    ExpectedBytes expected;
    bytes.copy(expected.begin, sizeof expected.begin);
    expected.length = bytes.size();
    expected.mask = bytes.size() >= 64 ? ~uint64_t{0} : (uint64_t{1} << bytes.size()) - 1;
    if (bytes.size() > 64) expected.rest = bytes.substr(64);
    expected.special = static_cast<uint32_t>(pattern_.specials);
    expected.offset = static_cast<uint32_t>(first - bytes.begin());
    pattern_.specials += static_cast<size_t>(std::count_if(bytes.begin(), bytes.end(), is_special));
    pattern_.most_before = std::max<size_t>(pattern_.most_before, expected.offset);
    pattern_.between.push_back(std::move(expected));
    return true;
  }

  /// Behind the object at `at`; null if it makes no pattern. So below.
  const char* read_object(const char* at, int depth) {
    at = skip_blanks(at + 1);
    while (*at != '}') {
      if (*at == ',') at = skip_blanks(at + 1);
      const char* name = ++at;
      bool escaped = false;
      at = scan_json_string(at, &escaped, error_);
      if (at == nullptr) return nullptr;
      std::string key(name, static_cast<size_t>(at - 1 - name));
      if (escaped) key.resize(unescape_json(key, key.data()));
      at = skip_blanks(skip_blanks(at) + 1);
      path_.push_back(std::move(key));
      at = read_value(at, depth);
      if (at == nullptr) return nullptr;
      path_.pop_back();
      at = skip_blanks(at);
    }
    return at + 1;
  }

  const char* read_value(const char* at, int depth) {
    bool is_field = false, leads_to_field = false;
    RecordPattern::Value value{.text = *at == '"', .field = -1, .depth = depth};
    for (size_t i = 0; i < fields_.size(); ++i) {
      const std::vector<std::string>& path = fields_[i];
      if (path.size() < path_.size() || !std::equal(path_.begin(), path_.end(), path.begin())) continue;
      leads_to_field = leads_to_field || path.size() > path_.size();
      if (path.size() > path_.size()) continue;
      is_field = true;
      value.field = static_cast<int32_t>(i);
    }
    const bool repeated = is_field && found_[static_cast<size_t>(value.field)];
    if (repeated || (leads_to_field && *at != '{') || pattern_.values.size() == kMostValues) return nullptr;
    if (*at == '{' && !is_field) {
      // A second object on the way to a field would make it a duplicate, whatever stands in it.
      if (leads_to_field && std::find(opened_.begin(), opened_.end(), path_) != opened_.end()) return nullptr;
      if (leads_to_field) opened_.push_back(path_);
      return read_object(at, depth + 1);
    }
    const char* end = skip_json_value(at, depth, error_);
    if (end == nullptr) return nullptr;
    const char* first = value.text ? at + 1 : at;
    const char* behind = value.text ? end - 1 : end;
    if (std::any_of(first, behind, is_special) || !end_bytes(first)) return nullptr;
    behind_last_ = behind;
    pattern_.values.push_back(value);
    if (is_field) found_[static_cast<size_t>(value.field)] = true;
    return end;
  }

  std::string_view line_;
  const FieldPaths& fields_;
  std::vector<bool> found_;
  std::vector<std::string> path_;
  std::vector<std::vector<std::string>> opened_;  ///< paths of the objects that lead to fields
  const char* behind_last_ = line_.data();
  RecordPattern pattern_;
  ScanError error_;
};

}  // namespace

FieldPaths touched_paths(const DecodePlan& plan) {
  FieldPaths paths;
  for (const DecodeField& field : plan.fields)
    if (field.touched) paths.push_back(field.path);
  return paths;
}

bool fits_patterns(FieldPaths paths) {
  std::sort(paths.begin(), paths.end());
  // A path that begins another one stands before it, and so do all that lie between them.
  for (size_t i = 1; i < paths.size(); ++i) {
    const auto& shorter = paths[i - 1];
    if (shorter.size() <= paths[i].size() && std::equal(shorter.begin(), shorter.end(), paths[i].begin())) return false;
  }
  return !paths.empty();
}

std::optional<RecordPattern> find_pattern(const FieldPaths& paths, std::string_view line) {
  return PatternFinder(paths, line).find();
}

}  // namespace braid
