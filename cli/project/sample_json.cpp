#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/project/sample_field.h"

namespace braid::cli {
namespace {

/// Counts the values of one record as they come. Numbers come as they are written: a parsed 12.50 would have lost its
/// scale.
class RecordCounter : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit RecordCounter(SampleField& root) { open_.push_back({&root, {}, nullptr}); }

  bool null() override {
    SampleField& field = value();
    ++field.nulls;
    return true;
  }
  bool boolean(bool) override {
    ++value().booleans;
    return true;
  }
  bool number_integer(number_integer_t number) override { return see_number(std::to_string(number)); }
  bool number_unsigned(number_unsigned_t number) override { return see_number(std::to_string(number)); }
  bool number_float(number_float_t, const string_t& text) override { return see_number(text); }
  bool string(string_t& text) override {
    value().see_text(text);
    return true;
  }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override {
    if (!std::exchange(begun_, true)) {  // the record itself
      ++open_.back().field->objects;
      return true;
    }
    SampleField& field = value();
    ++field.objects;
    open_.push_back({&field, {}, nullptr});
    return true;
  }
  bool key(string_t& name) override {
    Open& object = open_.back();
    object.next = &object.field->member(name);
    if (std::find(object.names.begin(), object.names.end(), name) != object.names.end())
      ++object.next->duplicates;
    else
      object.names.push_back(name);
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(size_t) override {
    SampleField& field = value();
    ++field.lists;
    if (!field.element) field.element = std::make_unique<SampleField>();
    open_.push_back({&field, {}, field.element.get()});
    return true;
  }
  bool end_array() override { return close(); }
  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  struct Open {
    SampleField* field;
    std::vector<std::string> names;  ///< of an object, so far
    SampleField* next;               ///< what the next value belongs to
  };

  SampleField& value() {
    SampleField& field = *open_.back().next;
    ++field.records;
    return field;
  }
  bool see_number(std::string_view text) {
    value().see_number(text);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  std::vector<Open> open_;
  bool begun_ = false;
};

/// As the decoder has it, which reads no deeper (kMaxNesting).
bool too_deep(std::string_view line) {
  constexpr int kMostLevels = 64;
  int level = 0;
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && quoted) {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (line[i] == '{' || line[i] == '[')) {
      if (++level > kMostLevels) return true;
    } else if (!quoted && (line[i] == '}' || line[i] == ']')) {
      --level;
    }
  }
  return false;
}

}  // namespace

Sample read_json_sample(std::string_view text) {
  Sample sample;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) continue;
    const char* fault = line[first] != '{'              ? "the first line is not a JSON object"
                        : too_deep(line)                ? "the first line is nested too deep"
                        : !nlohmann::json::accept(line) ? "the first line is not JSON"
                                                        : nullptr;
    if (fault != nullptr) {
      if (sample.broken++ == 0) sample.first_fault = fault;
      continue;
    }
    RecordCounter counter(sample.root);
    nlohmann::json::sax_parse(line, &counter);
    ++sample.records;
  }
  return sample;
}

}  // namespace braid::cli
