#include "cli/project/sample_field.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid::cli {
namespace {

constexpr double kYear2000 = 946'684'800, kYear2100 = 4'102'444'800;  // seconds since 1970

bool is_number(std::string_view text) {
  size_t at = text.starts_with('-') ? 1 : 0;
  auto digits = [&] {
    const size_t begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
    return at - begin;
  };
  if (digits() == 0) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

/// The next digits, as many as `most`; the position moves behind them.
std::string_view digits_at(std::string_view text, size_t& at, size_t most) {
  const size_t begin = at;
  while (at < text.size() && at - begin < most && text[at] >= '0' && text[at] <= '9') ++at;
  return text.substr(begin, at - begin);
}

/// "27.03.2026", "3/27/2026 14:05:00": the patterns by which it is read. Of two when day and month may each be first.
std::vector<std::string> written_patterns(std::string_view text) {
  size_t at = 0;
  std::string_view parts[3];
  parts[0] = digits_at(text, at, 4);
  const bool year_first = parts[0].size() == 4;
  const char separator = at < text.size() ? text[at] : '\0';
  if ((separator != '.' && separator != '/' && separator != '-') || parts[0].empty() || parts[0].size() == 3) return {};
  if (year_first && separator == '-') return {};  // as a `date` is written
  parts[1] = digits_at(text, ++at, 2);
  if (parts[1].empty() || at >= text.size() || text[at] != separator) return {};
  parts[2] = digits_at(text, ++at, year_first ? 2 : 4);
  if (parts[2].size() != (year_first ? 2 : 4)) return {};
  std::string time;
  if (at < text.size()) {
    if (text[at++] != ' ') return {};
    time = " ";
    for (const char* part : {"HH", ":mm", ":ss"}) {
      if (part[0] == ':') {
        if (at == text.size() && part[1] == 's') break;
        if (at >= text.size() || text[at++] != ':') return {};
      }
      if (digits_at(text, at, 2).size() != 2) return {};
      time += part;
    }
    if (at != text.size()) return {};
  }
  const std::string_view day_first = parts[0];
  auto within = [](std::string_view digits, int most) {
    const int number = std::atoi(std::string(digits).c_str());
    return number >= 1 && number <= most;
  };
  std::vector<std::string> made;
  if (year_first) {
    if (parts[1].size() == 2 && within(parts[1], 12) && within(parts[2], 31))
      made.push_back(std::string("yyyy") + separator + "MM" + separator + "dd" + time);
    return made;
  }
  // One letter reads one digit or two.
  for (const bool one : {true, false}) {
    if (!one && (day_first.size() != 2 || parts[1].size() != 2)) continue;
    const std::string day = one ? "d" : "dd", month = one ? "M" : "MM";
    if (within(day_first, 31) && within(parts[1], 12))
      made.push_back(day + separator + month + separator + "yyyy" + time);
    if (separator != '.' && within(day_first, 12) && within(parts[1], 31))
      made.push_back(month + separator + day + separator + "yyyy" + time);
  }
  return made;
}

}  // namespace

void Disorder::see(double time) {
  if (!any) latest = time;
  any = true;
  worst = std::max(worst, latest - time);
  latest = std::max(latest, time);
}

void SampleField::see_number(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const double value = std::strtod(std::string(text).c_str(), nullptr);
  for (size_t unit = 0; unit < kEpochUnits.size(); ++unit) {
    const double seconds = value / kEpochUnits[unit].per_second;
    epochs[unit] += seconds >= kYear2000 && seconds < kYear2100;
  }
  number_order.see(value);
  if (digits.find_first_of("eE") != std::string_view::npos) {
    ++floats;
    return;
  }
  const size_t point = digits.find('.');
  if (point != std::string_view::npos) {
    ++decimals;
    whole_digits = std::max(whole_digits, static_cast<int>(point));
    scale = std::max(scale, static_cast<int>(digits.size() - point - 1));
    return;
  }
  ++integers;
  whole_digits = std::max(whole_digits, static_cast<int>(digits.size()));
  const std::string_view largest = text.starts_with('-') ? "9223372036854775808" : "9223372036854775807";
  beyond_int += digits.size() > largest.size() || (digits.size() == largest.size() && digits > largest);
}

void SampleField::see_text(const std::string& text) {
  ++texts;
  int64_t time = 0, ignored = 0;
  int32_t date = 0;
  int128 id = 0;
  if (parse_timestamp(text, &time)) {
    ++timestamps;
    text_order.see(static_cast<double>(time));
  } else if (parse_local_timestamp(text, &time)) {
    ++local_timestamps;
    text_order.see(static_cast<double>(time));
  }
  dates += parse_date(text, &date);
  for (std::string& pattern : written_patterns(text)) ++written[std::move(pattern)];
  times += parse_time(text, &ignored);
  durations += text.find('P') != std::string::npos && parse_duration_iso(text, &ignored);
  uuids += parse_uuid(text, &id);
  numeric += is_number(text);
  no_numbers += text == "NaN" || text == "Infinity" || text == "-Infinity";
  if (is_number(text)) {
    const size_t point = std::min(text.find('.'), text.size()), sign = text.starts_with('-') ? 1 : 0;
    whole_digits = std::max(whole_digits, static_cast<int>(point - sign));
    if (point < text.size()) scale = std::max(scale, static_cast<int>(text.size() - point - 1));
  }
  if (!many) ++values[text];
  many = many || values.size() > kMostTexts;
}

SampleField& SampleField::member(std::string_view wanted) {
  if (const auto found = by_name_.find(wanted); found != by_name_.end()) return *found->second;
  SampleField& made = *members.emplace_back(std::make_unique<SampleField>());
  made.name = wanted;
  by_name_.emplace(wanted, &made);
  return made;
}

}  // namespace braid::cli
