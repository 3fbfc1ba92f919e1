#include "cli/project/infer.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <vector>

#include "cli/project/inferred_type.h"
#include "cli/project/sample_field.h"
#include "runtime/data/script_text.h"
#include "runtime/data/time_text.h"

namespace braid::cli {
namespace {

constexpr int kInferFailed = 7020;

/// A length of time that is at least that long, as one would write it.
std::string rounded_up(double us) {
  constexpr double kSecond = 1e6, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
  for (const auto& [unit, letter] : {std::pair{kSecond, "s"}, {kMinute, "m"}, {kHour, "h"}})
    for (const int count : {1, 2, 5, 10, 15, 30})
      if (us <= count * unit && (unit < kHour || count <= 2)) return fmt::format("{}{}", count, letter);
  for (const int hours : {6, 12})
    if (us <= hours * kHour) return fmt::format("{}h", hours);
  return fmt::format("{}d", static_cast<int64_t>(std::ceil(us / kDay)));
}

struct Line {
  std::string text, remark;
};

class Declaration {
 public:
  Declaration(const Sample& sample, const InferOptions& options) : sample_(sample), options_(options) {
    rules_.csv = options.format == "csv";
    rules_.unit = epoch_unit();
    for (const auto& field : sample.root.members) add_field(*field);
    choose_time();
  }

  std::string text() const {
    std::string made =
        fmt::format("/// Guessed from {} of {}; look over types, key and time.\n", count_text(), options_.path);
    made += "stream " + options_.stream_name + "\n";
    if (time_ != nullptr) {
      const double us = worst_disorder();
      made += fmt::format("  time {} within {}", time_name_, us == 0 ? "0s" : rounded_up(us));
      made += us == 0 ? "  // no time went back\n" : fmt::format("  // times went back by up to {}\n", seen_text(us));
      if (const double ahead = latest_time() - static_cast<double>(options_.now); ahead > kHour)
        made += fmt::format("  ahead {}  // times lie in the future\n", rounded_up(ahead * 1.1));
    }
    if (!key_.empty()) made += "  key " + key_ + "\n";
    made += "  from file " + string_literal(options_.path) + " format " + options_.format + format_options() + "\n{\n";
    for (const Line& line : lines_)
      made += "  " + line.text + (line.remark.empty() ? "" : "  // " + line.remark) + "\n";
    return made + "}\n";
  }

  bool empty() const { return fields_ == 0; }

 private:
  static constexpr double kHour = 3600e6;

  std::string count_text() const {
    std::string text = fmt::format("{} record{}", sample_.records, sample_.records == 1 ? "" : "s");
    if (sample_.broken > 0) text += fmt::format(" ({} more could not be read)", sample_.broken);
    return text;
  }

  static std::string seen_text(double us) {
    std::string text;
    append_duration_literal(text, static_cast<int64_t>(std::ceil(us / 1e6)) * 1'000'000);
    return text;
  }

  /// The unit of the first field, in the order of the record, whose numbers are times; one serves the whole source.
  int epoch_unit() const { return epoch_unit(sample_.root); }
  static int epoch_unit(const SampleField& object) {
    for (const auto& field : object.members) {
      const int64_t values = field->values_seen();
      if (is_named_like_time(field->name) && field->numbers() > 0 && field->floats == 0)
        for (size_t unit = 0; unit < kEpochUnits.size(); ++unit)
          if (values - field->epochs[unit] <= tolerated(values)) return static_cast<int>(unit);
    }
    for (const auto& field : object.members)
      if (const int unit = epoch_unit(*field); unit >= 0) return unit;
    return -1;
  }

  /// A name that is free, and `from` if it is not that of the record.
  std::pair<std::string, std::string> declared_name(const std::string& name) {
    std::string plain, from;
    const bool has_dot = name.find('.') != std::string::npos;
    const bool ascii = std::all_of(name.begin(), name.end(), [](char c) { return static_cast<signed char>(c) > 0; });
    if (script_name(name) == name) {
      plain = name;
    } else if (const std::string quoted = script_name(name);
               !quoted.empty() && (has_dot || !ascii || is_reserved_word(name))) {
      plain = quoted;
    } else {
      plain = plain_name(name);
      from = " from " + string_literal(name);
    }
    std::string free = plain;
    for (int n = 2; names_.contains(free) || (free != name && has_member(free)); ++n)
      free = fmt::format("{}_{}", plain, n);
    names_.insert(free);
    return {free, from};
  }
  bool has_member(const std::string& name) const {
    return std::any_of(sample_.root.members.begin(), sample_.root.members.end(),
                       [&](const auto& each) { return each->name == name; });
  }
  /// A path of several names is what a dot in `from` means, but in CSV, where it is one column's name.
  bool can_be_declared(const std::string& name) const {
    if (!script_name(name).empty()) return true;
    return !name.empty() && (rules_.csv || name.find('.') == std::string::npos);
  }

  void add_field(const SampleField& field) {
    const InferredType type = infer_type(field, sample_.records, rules_, "  ");
    const bool writable = can_be_declared(field.name);
    if (type.text.empty() || !writable) {
      const std::string shown = string_literal(field.name);
      lines_.push_back(
          {fmt::format("// left out: {}: {}", shown, writable ? type.why_not : "no field can name it"), ""});
      return;
    }
    ++fields_;
    const auto [name, from] = declared_name(field.name);
    std::vector<std::string> remarks;
    if (!type.remark.empty()) remarks.push_back(type.remark);
    if (type.misfits > 0) remarks.push_back(fmt::format("{} of {} records do not fit", type.misfits, sample_.records));
    const int64_t absent = sample_.records - field.records + field.nulls + field.blanks;
    if (type.text == "timestamp" && field.local_timestamps > 0) {
      zone_ = true;
      remarks.emplace_back("without an offset: `zone` says where");
    }
    if (type.text == "timestamp" && (times_.empty() || absent == 0))
      times_.push_back({&field, name, absent, lines_.size(), from});
    // A key is never null, and a part of one is no key.
    const bool is_id = name == "id" || name.ends_with("_id") || name == "key";
    const bool keyed = type.text.find('{') == std::string::npos && type.text.find('<') == std::string::npos;
    if (key_.empty() && is_id && keyed && absent == 0 && type.text != "float") key_ = name;
    lines_.push_back({fmt::format("{}: {}{}{},", name, type.text, type.optional ? "?" : "", from),
                      fmt::format("{}", fmt::join(remarks, "; "))});
  }

  struct Time {
    const SampleField* field;
    std::string name;
    int64_t absent;
    size_t line;
    std::string from;
  };

  /// The first that is always there, or nearly.
  void choose_time() {
    const auto found = std::find_if(times_.begin(), times_.end(),
                                    [&](const Time& each) { return each.absent <= tolerated(sample_.records); });
    if (found == times_.end()) return;
    time_ = found->field;
    time_name_ = found->name;
    if (found->absent == 0) return;
    // Every row needs its time.
    Line& line = lines_[found->line];
    line.text = fmt::format("{}: timestamp{},", found->name, found->from);
    line.remark +=
        fmt::format("{}{} of {} records have none", line.remark.empty() ? "" : "; ", found->absent, sample_.records);
  }

  /// In microseconds.
  double worst_disorder() const {
    if (rules_.unit < 0 || time_->numbers() == 0) return time_->text_order.worst;
    return time_->number_order.worst * 1e6 / kEpochUnits[static_cast<size_t>(rules_.unit)].per_second;
  }
  double latest_time() const {
    if (rules_.unit < 0 || time_->numbers() == 0) return time_->text_order.latest;
    return time_->number_order.latest * 1e6 / kEpochUnits[static_cast<size_t>(rules_.unit)].per_second;
  }

  std::string format_options() const {
    std::vector<std::string> options;
    if (!options_.null_marker.empty()) options.push_back("null: " + string_literal(options_.null_marker));
    if (rules_.csv && sample_.separator != ',')
      options.push_back("separator: " + string_literal(std::string(1, sample_.separator)));
    if (rules_.csv && sample_.decimal_comma) options.emplace_back("decimal: \",\"");
    if (rules_.csv && !sample_.has_header) {
      std::vector<std::string> names;
      for (const std::string& name : sample_.header) names.push_back(string_literal(name));
      options.push_back(fmt::format("header: false, names: [{}]", fmt::join(names, ", ")));
    }
    if (rules_.unit >= 0)
      options.push_back(fmt::format("unit: \"{}\"", kEpochUnits[static_cast<size_t>(rules_.unit)].option));
    if (zone_) options.emplace_back("zone: \"UTC\"");
    return options.empty() ? "" : fmt::format("({})", fmt::join(options, ", "));
  }

  const Sample& sample_;
  const InferOptions& options_;
  TypeRules rules_;
  std::vector<Line> lines_;
  std::set<std::string> names_;
  std::vector<Time> times_;
  const SampleField* time_ = nullptr;
  std::string time_name_, key_;
  bool zone_ = false;
  size_t fields_ = 0;
};

}  // namespace

Result<std::string> infer_stream(std::string_view text, const InferOptions& options) {
  const bool csv = options.format == "csv";
  const Sample sample = csv ? read_csv_sample(text, options.null_marker) : read_json_sample(text);
  auto failed = [](std::string reason) { return Error{ErrorKind::input, std::move(reason), kInferFailed}; };
  if (sample.records == 0) {
    if (csv && !sample.header.empty()) return failed("it has a header and no row");
    return failed(sample.first_fault.empty() ? "it is empty" : sample.first_fault);
  }
  const Declaration declaration(sample, options);
  if (declaration.empty()) return failed("no field of it has a type that the language knows");
  return declaration.text();
}

}  // namespace braid::cli
