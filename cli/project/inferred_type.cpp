#include "cli/project/inferred_type.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include "runtime/data/script_text.h"

namespace braid::cli {
namespace {

constexpr int64_t kEnumRecords = 20;  ///< fewer say nothing about how many symbols there are
constexpr size_t kMostMembers = 60;   ///< an object with more different ones is a map
constexpr size_t kShortStruct = 70;   ///< columns
constexpr int kMostDigits = 38;

std::string count_of(int64_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// Several kinds of values that no single type reads.
std::string kinds_of(const SampleField& field) {
  std::vector<std::string> kinds;
  for (const auto& [count, what] : {std::pair{field.numbers(), "number"},
                                    {field.booleans, "boolean"},
                                    {field.texts, "text"},
                                    {field.objects, "object"},
                                    {field.lists, "list"}})
    if (count > 0) kinds.push_back(count_of(count, what));
  return fmt::format("{}", fmt::join(kinds, ", "));
}

class TypeInference {
 public:
  TypeInference(const SampleField& field, const TypeRules& rules, const std::string& indent)
      : field_(field), rules_(rules), indent_(indent), values_(field.values_seen()) {}

  InferredType infer() {
    if (field_.duplicates > tolerated(field_.records)) {
      made_.why_not = rules_.csv ? "the header names it twice" : "records have it twice";
      return made_;
    }
    if (values_ == 0) {
      made_.text = "string";
      if (field_.records > 0) made_.remark = "no value was seen";
    } else if (!scalar() && !list() && !structure() && !text()) {
      made_.text = "json";
      made_.remark = kinds_of(field_);
    }
    if (made_.text.empty() && made_.why_not.empty()) made_.why_not = kinds_of(field_);
    return made_;
  }

 private:
  bool fits(int64_t count) {
    if (count == 0 || values_ - count > tolerated(values_)) return false;
    made_.misfits = values_ - count;
    return true;
  }
  bool take(int64_t count, std::string type) {
    if (!fits(count)) return false;
    made_.text = std::move(type);
    return true;
  }

  bool scalar() {
    if (take(field_.booleans, "bool")) return true;
    if (rules_.unit >= 0 && is_named_like_time(field_.name) && field_.floats == 0 && fits(epochs())) {
      made_.text = "timestamp";
      made_.remark = fmt::format("epoch {}", kEpochUnits[static_cast<size_t>(rules_.unit)].name);
      return true;
    }
    return number() || take(field_.timestamps + field_.local_timestamps, "timestamp") || take(field_.dates, "date") ||
           take(field_.times, "time") || take(field_.durations, "duration") || take(field_.uuids, "uuid") || symbols();
  }

  int64_t epochs() const { return field_.epochs[static_cast<size_t>(rules_.unit)]; }

  bool number() {
    const int64_t whole = field_.integers, exact = field_.integers + field_.decimals;
    const int digits = field_.whole_digits + field_.scale;
    if (fits(whole)) {
      note_other_epoch();
      if (field_.beyond_int == 0) return take(whole, "int");
      if (field_.whole_digits <= kMostDigits) return take(whole, fmt::format("decimal({},0)", kMostDigits));
      return too_many_digits(whole);
    }
    // Few digits behind the point are money or measures kept exactly; many are the print of a float.
    const std::string decimal = fmt::format("decimal({},{})", std::max(12, digits), field_.scale);
    if (field_.scale <= 6 && digits <= kMostDigits && take(exact, decimal)) return true;
    // In JSON decimals may be texts.
    if (!rules_.csv && field_.scale <= 6 && digits <= kMostDigits && field_.floats == 0 && field_.numbers() > 0 &&
        field_.numeric > 0 && take(exact + field_.numeric, decimal)) {
      made_.remark = "numbers and texts of digits";
      return true;
    }
    const int64_t all = field_.numbers() + (field_.numbers() > 0 && !rules_.csv ? field_.no_numbers : 0);
    return fits(all) && (field_.whole_digits <= kMostDigits ? take(all, "float") : too_many_digits(all));
  }

  /// A text keeps them all; in JSON numbers are no texts, and a float keeps the first of them.
  bool too_many_digits(int64_t count) {
    if (rules_.csv || field_.whole_digits > 300) return false;
    made_.remark = fmt::format("has up to {} digits: a float keeps the first 15", field_.whole_digits);
    return take(count, "float");
  }

  void note_other_epoch() {
    if (!is_named_like_time(field_.name)) return;
    for (size_t unit = 0; unit < kEpochUnits.size(); ++unit)
      if (field_.epochs[unit] == values_)
        made_.remark = fmt::format("epoch {}; `unit` is that of another field", kEpochUnits[unit].name);
  }

  bool symbols() {
    // Symbols that hardly ever come are no symbols.
    std::vector<std::string> symbols;
    int64_t covered = 0;
    for (const auto& [symbol, count] : field_.values) {
      if (!is_plain_word(symbol) || is_reserved_word(symbol) || count <= tolerated(values_) / 4) continue;
      symbols.push_back(symbol);
      covered += count;
    }
    // A value that came once is as likely the first of many.
    if (field_.many || symbols.empty() || values_ < kEnumRecords || static_cast<int64_t>(symbols.size()) * 4 > values_)
      return false;
    return take(covered, fmt::format("enum {{ {} }}", fmt::join(symbols, ", ")));
  }

  bool list() {
    if (!fits(field_.lists)) return false;
    const SampleField& element = *field_.element;
    if (element.records == 0) {
      made_.text = "list<string>";
      made_.remark = "no element was seen";
      return true;
    }
    const InferredType inner = infer_type(element, element.records, rules_, indent_);
    made_.why_not = inner.why_not.empty() ? "" : "of its elements: " + inner.why_not;
    made_.remark = inner.remark;
    if (inner.text.empty()) return true;
    made_.misfits += inner.misfits;
    made_.text = fmt::format("list<{}{}>", inner.text, inner.optional ? "?" : "");
    return true;
  }

  bool structure() {
    if (!fits(field_.objects)) return false;
    if (field_.members.size() > kMostMembers) {
      made_.text = type_of_names();
      made_.remark = fmt::format("an object with {} different names", field_.members.size());
      return true;
    }
    std::vector<std::string> entries;
    bool remarks = false;
    size_t length = 0;
    for (const auto& member : field_.members) {
      const std::string name = script_name(member->name);
      const InferredType type = infer_type(*member, field_.objects, rules_, indent_ + "  ");
      if (name.empty() || type.text.empty()) {
        entries.push_back(fmt::format("// left out: `{}`: {}", shown_name(member->name),
                                      name.empty() ? "a script cannot write this name" : type.why_not));
        remarks = true;
        continue;
      }
      made_.misfits += type.misfits;
      std::string entry = fmt::format("{}: {}{}", name, type.text, type.optional ? "?" : "");
      length += entry.size() + 2;
      remarks = remarks || !type.remark.empty() || entry.find('\n') != std::string::npos;
      entries.push_back(entry + "," + (type.remark.empty() ? "" : "  // " + type.remark));
    }
    if (length == 0) {
      made_.why_not = entries.empty() ? "an object without members" : "an object of which nothing can be read";
      return true;
    }
    if (!remarks && length <= kShortStruct) {
      made_.text = fmt::format("{{ {}", fmt::join(entries, " "));
      made_.text.pop_back();
      made_.text += " }";
      return true;
    }
    made_.text = "{\n";
    for (const std::string& entry : entries) made_.text += indent_ + "  " + entry + "\n";
    made_.text += indent_ + "}";
    return true;
  }

  /// Of an object whose names are keys: a map if its values are of one type.
  std::string type_of_names() const {
    std::string element;
    bool optional = false;
    for (const auto& member : field_.members) {
      const InferredType type = infer_type(*member, member->records, rules_, indent_);
      if (!element.empty() && type.text != element) return "json";
      element = type.text;
      optional |= type.optional;
    }
    return element.empty() ? "json" : fmt::format("map<string, {}{}>", element, optional ? "?" : "");
  }

  bool text() {
    if (!take(rules_.csv ? values_ : field_.texts, "string")) return false;
    for (const auto& [count, what] : {std::pair{field_.timestamps + field_.local_timestamps, "instants"},
                                      {field_.dates, "dates"},
                                      {rules_.csv ? field_.numbers() : field_.numeric, "numbers"}})
      if (count < values_ && 2 * count > values_)
        made_.remark = fmt::format("{} of {} are {}, the others are not", count, values_, what);
    if (made_.remark.empty()) made_.remark = written_time();
    return true;
  }

  /// How a script makes days or instants of texts in a form of their own; empty: they have none.
  std::string written_time() const {
    std::vector<std::string> ways;
    const std::string script = script_name(field_.name), name = script.empty() ? "…" : script;
    // Where all values have two digits, the pattern says so.
    for (const bool two : {true, false})
      for (const auto& [pattern, count] : field_.written) {
        if ((pattern.find("dd") != std::string::npos) != two || values_ - count > tolerated(values_)) continue;
        if (!two && !ways.empty() && ways.front().find("dd") != std::string::npos) continue;
        const bool instant = pattern.find("HH") != std::string::npos;
        ways.push_back(
            fmt::format("`{}({}, {})`", instant ? "parse_timestamp" : "parse_date", name, string_literal(pattern)));
      }
    if (ways.empty()) return "";
    return fmt::format("a step reads it by {}{}", fmt::join(ways, " or "),
                       ways.size() > 1 ? ": no value says whether the day or the month is first" : "");
  }

  static std::string shown_name(const std::string& name) {
    std::string shown;
    for (const char c : name) shown += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    return shown;
  }

  const SampleField& field_;
  const TypeRules& rules_;
  const std::string& indent_;
  int64_t values_;
  InferredType made_;
};

}  // namespace

int64_t tolerated(int64_t values) {
  return values >= 100 ? values / 50 : 0;
}

InferredType infer_type(const SampleField& field, int64_t total, const TypeRules& rules, const std::string& indent) {
  InferredType made = TypeInference(field, rules, indent).infer();
  // An empty cell is a text, and no value of any other type.
  const int64_t without = field.nulls + (made.text == "string" && field.values_seen() > 0 ? 0 : field.blanks);
  made.optional = total - field.records + without > 0;
  return made;
}

bool is_named_like_time(const std::string& name) {
  static const std::set<std::string> kWords{
      "at",        "ts",      "time",     "timestamp", "date",  "datetime", "epoch",    "when",
      "created",   "updated", "changed",  "started",   "start", "ended",    "end",      "begin",
      "expires",   "expiry",  "seen",     "since",     "until", "ms",       "us",       "ns",
      "millis",    "micros",  "nanos",    "seconds",   "sent",  "received", "occurred", "modified",
      "published", "stamp",   "finished", "deleted",   "t"};
  std::string word;
  for (size_t i = 0; i <= name.size(); ++i) {
    const char c = i < name.size() ? name[i] : '_';
    const bool letter = std::isalpha(static_cast<unsigned char>(c)) != 0;
    const bool capital = letter && std::isupper(static_cast<unsigned char>(c)) && i > 0 &&
                         std::islower(static_cast<unsigned char>(name[i - 1]));
    if ((!letter || capital) && !word.empty()) {
      if (kWords.contains(word)) return true;
      word.clear();
    }
    if (letter) word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return false;
}

}  // namespace braid::cli
