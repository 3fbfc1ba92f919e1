#include "cli/project/sample_field.h"

#include <algorithm>
#include <cstdlib>

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
