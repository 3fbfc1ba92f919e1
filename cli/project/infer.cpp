#include "cli/project/infer.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "runtime/data/time_text.h"

namespace braid::cli {
namespace {

/// What the sample showed of one field.
struct Seen {
  int64_t records = 0;
  int64_t nulls = 0;
  int64_t integers = 0, decimals = 0, floats = 0, booleans = 0, texts = 0, others = 0;
  int whole_digits = 0, scale = 0;
  int64_t timestamps = 0, dates = 0, uuids = 0;
  std::map<std::string, int64_t> values;  ///< distinct texts and how often they came, while they are few
  bool many = false;
  int64_t first_time = 0, latest = 0, worst_disorder = 0;
  std::vector<std::string> path;
};

constexpr size_t kEnumSymbols = 12;
constexpr int64_t kEnumRecords = 20;

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

void see_number(Seen& seen, std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.find_first_of("eE") != std::string_view::npos) {
    ++seen.floats;
    return;
  }
  const size_t point = digits.find('.');
  if (point == std::string_view::npos) {
    ++seen.integers;
    seen.whole_digits = std::max(seen.whole_digits, static_cast<int>(digits.size()));
    return;
  }
  ++seen.decimals;
  seen.whole_digits = std::max(seen.whole_digits, static_cast<int>(point));
  seen.scale = std::max(seen.scale, static_cast<int>(digits.size() - point - 1));
}

void see_time(Seen& seen, int64_t time) {
  if (seen.timestamps++ == 0) seen.first_time = seen.latest = time;
  seen.worst_disorder = std::max(seen.worst_disorder, seen.latest - time);
  seen.latest = std::max(seen.latest, time);
}

void see_text(Seen& seen, const std::string& text) {
  ++seen.texts;
  int64_t time = 0;
  int32_t date = 0;
  if (parse_timestamp(text, &time)) see_time(seen, time);
  if (parse_date(text, &date)) ++seen.dates;
  if (is_uuid(text)) ++seen.uuids;
  if (!seen.many) ++seen.values[text];
  if (seen.values.size() > kEnumSymbols) seen.many = true;
}

bool is_word(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front()))) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
}

class Inference {
 public:
  explicit Inference(const InferOptions& options) : options_(options) {}

  Status read_json(std::string_view sample) {
    std::string first_fault;
    while (!sample.empty()) {
      const size_t end = std::min(sample.find('\n'), sample.size());
      const std::string_view line = sample.substr(0, end);
      const bool whole = end < sample.size();
      sample.remove_prefix(std::min(end + 1, sample.size()));
      if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
      const auto record = nlohmann::ordered_json::parse(line, nullptr, false);
      if (record.is_object()) {
        ++records_;
        see_object(record, {}, line);
      } else if (whole || records_ == 0) {
        ++broken_;
        if (first_fault.empty()) first_fault = "the first line is no JSON object";
      }
    }
    if (records_ == 0) return Error{ErrorKind::input, first_fault.empty() ? "it is empty" : first_fault, 7020};
    return {};
  }

  Status read_csv(std::string_view sample) {
    std::vector<std::string> header;
    std::vector<std::pair<std::string, bool>> cells;
    while (!sample.empty()) {
      cells = next_row(sample);
      if (cells.size() == 1 && cells.front().first.empty()) continue;
      if (header.empty()) {
        for (auto& [cell, quoted] : cells) header.push_back(cell);
        if (!header.empty() && header.front().starts_with("\xEF\xBB\xBF")) header.front().erase(0, 3);
        continue;
      }
      if (cells.size() != header.size()) {
        ++broken_;
        continue;
      }
      ++records_;
      for (size_t i = 0; i < header.size(); ++i) see_cell(header[i], cells[i].first, cells[i].second);
    }
    if (records_ == 0)
      return Error{ErrorKind::input, header.empty() ? "it is empty" : "it has a header and no row", 7020};
    return {};
  }

  std::string declaration() const {
    std::string time_field, key;
    for (const std::string& name : order_) {
      const Seen& seen = fields_.at(name);
      const bool always = records_ - seen.records + seen.nulls <= tolerated();
      if (time_field.empty() && always && records_ - seen.timestamps <= tolerated()) time_field = name;
      if (key.empty() && always && (name == "id" || name.ends_with("_id") || name == "key")) key = name;
    }
    std::string text =
        fmt::format("/// Guessed from {} of {}; look over types, key and time.\n", count_text(), options_.path);
    text += "stream " + options_.stream_name + "\n";
    if (!time_field.empty())
      text += fmt::format("  time {} within {}\n", time_field, disorder(fields_.at(time_field).worst_disorder));
    if (!key.empty()) text += "  key " + key + "\n";
    text += "  from file \"" + options_.path + "\" format " + options_.format;
    if (!options_.null_marker.empty()) text += "(null: \"" + options_.null_marker + "\")";
    text += "\n{\n";
    for (const std::string& name : order_) {
      const Seen& seen = fields_.at(name);
      int64_t misfits = 0;
      const int64_t absent = records_ - seen.records + seen.nulls;
      text += "  " + name + ": " + type(seen, misfits);
      if (absent > tolerated()) text += "?";
      if (seen.path.size() != 1 || seen.path.front() != name)
        text += fmt::format(" from \"{}\"", fmt::join(seen.path, "."));
      text += ",";
      if (absent > 0 && absent <= tolerated()) misfits += absent;
      if (misfits > 0) text += fmt::format("  // {} of {} records do not fit", misfits, records_);
      text += "\n";
    }
    return text + "}\n";
  }

 private:
  std::string count_text() const {
    std::string text = fmt::format("{} record{}", records_, records_ == 1 ? "" : "s");
    if (broken_ > 0) text += fmt::format(" ({} more could not be read)", broken_);
    return text;
  }

  Seen& field(const std::vector<std::string>& path) {
    std::string name;
    for (const std::string& part : path) {
      if (!name.empty()) name += "_";
      for (const char c : part) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
    }
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front()))) name = "_" + name;
    static const std::set<std::string> kReserved{"and",  "or",   "not",  "in",  "is",   "as",    "if",
                                                 "then", "else", "case", "try", "true", "false", "null"};
    if (kReserved.count(name)) name = "`" + name + "`";
    const auto [place, fresh] = fields_.try_emplace(name);
    if (fresh) {
      order_.push_back(name);
      place->second.path = path;
    }
    return place->second;
  }

  void see_object(const nlohmann::ordered_json& object, const std::vector<std::string>& prefix, std::string_view line) {
    for (const auto& [name, value] : object.items()) {
      std::vector<std::string> path = prefix;
      path.push_back(name);
      if (value.is_object() && path.size() < 4) {
        see_object(value, path, line);
        continue;
      }
      Seen& seen = field(path);
      ++seen.records;
      if (value.is_null())
        ++seen.nulls;
      else if (value.is_boolean())
        ++seen.booleans;
      else if (value.is_number())
        see_number(seen, number_text(value, name, line));
      else if (value.is_string())
        see_text(seen, value.get<std::string>());
      else
        ++seen.others;
    }
  }

  /// The digits as written: a parsed 12.50 would have lost its scale.
  static std::string number_text(const nlohmann::ordered_json& value, const std::string& name, std::string_view line) {
    const std::string quoted = nlohmann::json(name).dump();
    size_t at = line.find(quoted);
    if (at != std::string_view::npos) {
      at = line.find_first_not_of(" \t:", at + quoted.size());
      const size_t end = line.find_first_not_of("+-.0123456789eE", at);
      if (at != std::string_view::npos && end != at) return std::string(line.substr(at, end - at));
    }
    return value.dump();
  }

  void see_cell(const std::string& name, const std::string& cell, bool quoted) {
    Seen& seen = field({name});
    ++seen.records;
    if (!quoted && (cell == options_.null_marker || (cell.empty() && options_.null_marker.empty()))) {
      ++seen.nulls;
      return;
    }
    const std::string_view digits = std::string_view(cell).starts_with('-') ? std::string_view(cell).substr(1) : cell;
    const bool number = !quoted && !digits.empty() && std::isdigit(static_cast<unsigned char>(digits.front())) &&
                        digits.find_first_not_of("0123456789.eE+-") == std::string_view::npos &&
                        std::count(digits.begin(), digits.end(), '.') <= 1 &&
                        digits.find_first_of("+-") == std::string_view::npos;
    if (cell == "true" || cell == "false")
      ++seen.booleans;
    else if (number)
      see_number(seen, cell);
    else
      see_text(seen, cell);
  }

  /// RFC 4180; the flag says that the cell was quoted.
  static std::vector<std::pair<std::string, bool>> next_row(std::string_view& sample) {
    std::vector<std::pair<std::string, bool>> cells(1);
    bool inside = false;
    size_t i = 0;
    for (; i < sample.size(); ++i) {
      const char c = sample[i];
      if (inside) {
        if (c == '"' && i + 1 < sample.size() && sample[i + 1] == '"')
          cells.back().first += sample[++i];
        else if (c == '"')
          inside = false;
        else
          cells.back().first += c;
      } else if (c == '"' && cells.back().first.empty()) {
        inside = cells.back().second = true;
      } else if (c == ',') {
        cells.emplace_back();
      } else if (c == '\n') {
        break;
      } else if (c != '\r') {
        cells.back().first += c;
      }
    }
    sample.remove_prefix(std::min(i + 1, sample.size()));
    return cells;
  }

  static std::string disorder(int64_t us) {
    if (us == 0) return "0s";
    for (const auto& [length, text] : {std::pair{kMicrosPerSecond, "1s"},
                                       {10 * kMicrosPerSecond, "10s"},
                                       {kMicrosPerMinute, "1m"},
                                       {10 * kMicrosPerMinute, "10m"},
                                       {kMicrosPerHour, "1h"}})
      if (us <= length) return text;
    return fmt::format("{}h", us / kMicrosPerHour + 1);
  }

  /// Of many records a few may be broken: they do not decide a type.
  int64_t tolerated() const { return records_ >= 100 ? records_ / 50 : 0; }

  /// How many values do not fit the type is left in `misfits`.
  std::string type(const Seen& seen, int64_t& misfits) const {
    const int64_t values = seen.records - seen.nulls;
    auto fits = [&](int64_t count) {
      misfits = values - count;
      return values > 0 && misfits <= tolerated();
    };
    if (values == 0) return "string";
    if (fits(seen.booleans)) return "bool";
    if (fits(seen.integers)) return seen.whole_digits > 18 ? "decimal(38,0)" : "int";
    // Few digits behind the point are money or measures kept exactly; many are the print of a float.
    if (seen.scale <= 6 && fits(seen.integers + seen.decimals))
      return fmt::format("decimal({},{})", std::max(12, seen.whole_digits + seen.scale), seen.scale);
    if (fits(seen.integers + seen.decimals + seen.floats)) return "float";
    if (fits(seen.timestamps)) return "timestamp";
    if (fits(seen.dates)) return "date";
    if (fits(seen.uuids)) return "uuid";
    // Symbols that hardly ever come are no symbols.
    std::vector<std::string> symbols;
    int64_t covered = 0;
    for (const auto& [symbol, count] : seen.values) {
      if (!is_word(symbol) || count <= tolerated() / 4) continue;
      symbols.push_back(symbol);
      covered += count;
    }
    if (!seen.many && !symbols.empty() && values >= kEnumRecords && fits(covered))
      return fmt::format("enum {{ {} }}", fmt::join(symbols, ", "));
    misfits = values - seen.texts;
    return "string";
  }

  const InferOptions& options_;
  std::map<std::string, Seen> fields_;
  std::vector<std::string> order_;
  int64_t records_ = 0, broken_ = 0;
};

}  // namespace

Result<std::string> infer_stream(std::string_view sample, const InferOptions& options) {
  Inference inference(options);
  const Status read = options.format == "csv" ? inference.read_csv(sample) : inference.read_json(sample);
  if (!read.ok()) return read.error();
  return inference.declaration();
}

}  // namespace braid::cli
