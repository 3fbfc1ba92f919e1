#include "runtime/codec/change_row.h"

#include <utility>

namespace braid {
namespace {

constexpr std::string_view kConnector = "braid";
constexpr std::string_view kNoSnapshot = "false";
constexpr int64_t kMicrosOfMilli = 1000;

Type source_type() {
  return struct_type({{"version", string_type()},
                      {"connector", string_type()},
                      {"name", string_type()},
                      {"ts_ms", optional_type(int_type())},
                      {"snapshot", string_type()},
                      {"db", string_type()},
                      {"table", string_type()},
                      {"ts_us", optional_type(int_type())}});
}

/// Down, also before 1970.
int64_t milliseconds_of(int64_t micros) {
  return micros / kMicrosOfMilli - (micros % kMicrosOfMilli < 0 ? 1 : 0);
}

}  // namespace

std::string_view change_word(RowChange change) {
  static constexpr std::string_view kWords[] = {"c", "u", "d"};
  return kWords[static_cast<size_t>(change)];
}

std::vector<Field> change_row(const std::vector<Field>& row, ChangeForm form) {
  std::vector<Field> made = row;
  if (form == ChangeForm::append) made.push_back({std::string(kOperationMark), string_type()});
  if (form != ChangeForm::debezium) return made;
  const Type side = optional_type(struct_type(row));
  return {{"before", side},
          {"after", side},
          {"source", source_type()},
          {"op", string_type()},
          {"ts_ms", optional_type(int_type())}};
}

ChangeRow::ChangeRow(const std::vector<Field>& row, ChangeForm form, ChangeOrigin origin)
    : leaves_(flatten(row).size()),
      form_(form),
      origin_(std::move(origin)),
      version_(std::to_string(origin_.version)) {}

void ChangeRow::append(const Slot* slots, std::vector<Slot>& made) const {
  const auto change = static_cast<RowChange>(slots[leaves_].i64);
  if (form_ != ChangeForm::debezium) {
    made.insert(made.end(), slots, slots + leaves_);
    if (form_ == ChangeForm::append) made.push_back(slot_bytes(change_word(change)));
    return;
  }
  const auto put_side = [&](bool is_there, const Slot* side) {
    made.push_back(slot_u8(is_there));
    if (is_there)
      made.insert(made.end(), side, side + leaves_);
    else
      made.insert(made.end(), leaves_, slot_i128(0));
  };
  // Behind the RowChange: whether there was a row before, that row, whether there is a time, that time.
  const Slot* before = slots + leaves_ + 1;
  const Slot* time = before + 1 + leaves_;
  if (change == RowChange::goes)
    put_side(true, slots);
  else
    put_side(before[0].u8 != 0, before + 1);
  put_side(change != RowChange::goes, slots);
  const Slot is_timed = slot_u8(time[0].u8 != 0);
  const Slot micros = slot_i64(time[0].u8 != 0 ? time[1].i64 : 0);
  const Slot millis = slot_i64(milliseconds_of(micros.i64));
  for (const std::string_view text : {std::string_view(version_), kConnector, std::string_view(origin_.domain)})
    made.push_back(slot_bytes(text));
  made.push_back(is_timed);
  made.push_back(millis);
  for (const std::string_view text : {kNoSnapshot, std::string_view(origin_.domain), std::string_view(origin_.name)})
    made.push_back(slot_bytes(text));
  made.push_back(is_timed);
  made.push_back(micros);
  made.push_back(slot_bytes(change_word(change)));
  made.push_back(is_timed);
  made.push_back(millis);
}

}  // namespace braid
