// Counts over one field in a sample of records, and over its members and elements. inferred_type.h derives the type
// from them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace braid::cli {

/// Units of epoch times, as the option `unit` names them.
struct EpochUnit {
  const char* option;
  const char* name;
  double per_second;
};
inline constexpr std::array<EpochUnit, 4> kEpochUnits = {
    {{"s", "seconds", 1}, {"ms", "milliseconds", 1e3}, {"us", "microseconds", 1e6}, {"ns", "nanoseconds", 1e9}}};

/// How far instants, in the order of the records, were before the latest instant so far.
struct Disorder {
  bool any = false;
  double latest = 0, worst = 0;  ///< in the unit of what is given
  void see(double time);
};

struct SampleField {
  static constexpr size_t kMostTexts = 12;  ///< distinct texts that are counted one by one

  std::string name;  ///< as the record has it
  int64_t records = 0;
  int64_t nulls = 0;
  int64_t blanks = 0;  ///< CSV: empty cells, which are a value of texts alone
  int64_t integers = 0, decimals = 0, floats = 0, booleans = 0, texts = 0, objects = 0, lists = 0;
  int64_t duplicates = 0;  ///< objects, or header lines, that have the name twice
  // Of numbers.
  int whole_digits = 0, scale = 0;
  int64_t beyond_int = 0;                               ///< whole numbers that do not fit 64 bits
  std::array<int64_t, kEpochUnits.size()> epochs = {};  ///< numbers that are a time from 2000 to 2100 in that unit
  Disorder number_order;
  // Of texts.
  int64_t timestamps = 0, local_timestamps = 0, dates = 0, times = 0, durations = 0, uuids = 0, numeric = 0;
  int64_t no_numbers = 0;                  ///< `NaN` and infinities
  std::map<std::string, int64_t> written;  ///< texts that are days or instants in another form than RFC 3339, by the
                                           ///< patterns of `parse_date` and `parse_timestamp` that fit
  Disorder text_order;                     ///< in microseconds
  std::map<std::string, int64_t> values;   ///< distinct texts and how often they came, while they are few
  bool many = false;                       ///< more than kMostTexts
  // Members and elements, in the order of their first occurrence.
  std::vector<std::unique_ptr<SampleField>> members;
  std::unique_ptr<SampleField> element;

  int64_t numbers() const { return integers + decimals + floats; }
  int64_t values_seen() const { return records - nulls - blanks; }

  /// `text`: a number by the grammar of JSON.
  void see_number(std::string_view text);
  void see_text(const std::string& text);
  SampleField& member(std::string_view name);

 private:
  std::map<std::string, SampleField*, std::less<>> by_name_;
};

/// The content of a sample's records. `root.members` are the fields.
struct Sample {
  SampleField root;
  int64_t records = 0;
  int64_t broken = 0;       ///< lines that are not records
  std::string first_fault;  ///< of the first of them
  // CSV.
  char separator = ',';
  bool decimal_comma = false;
  bool has_header = true;
  std::vector<std::string> header;  ///< names of the columns, made up where the file has none
};

/// Whole lines of NDJSON.
Sample read_json_sample(std::string_view text);
/// Whole records of CSV. `null_marker`: cells that mean null. Finds out separator, decimal sign and header.
Sample read_csv_sample(std::string_view text, const std::string& null_marker);

}  // namespace braid::cli
