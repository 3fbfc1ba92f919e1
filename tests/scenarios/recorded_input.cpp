#include "tests/scenarios/recorded_input.h"

#include <algorithm>
#include <map>

#include "runtime/base/check.h"
#include "runtime/data/map_entries.h"
#include "runtime/report/diagnostic.h"

namespace braid::scenarios {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kBegin = 1'700'000'000 * kSecond;

/// A value of few, so that keys meet and extremes tie.
Value random_value(const Type& type, int64_t near, Rng& rng) {
  switch (type->kind) {
    case TypeKind::boolean:
      return {rng.chance(2)};
    case TypeKind::integer:
      return {rng.chance(20) ? INT64_MAX - rng.between(0, 3) : rng.between(-2, 6)};
    case TypeKind::floating: {
      const double values[] = {0.1, 0.2, 0.3, -0.0, 0.0, 1e100, -1e100, 1.5};
      return {values[rng.below(std::size(values))]};
    }
    case TypeKind::decimal:
      return {static_cast<int128>(rng.between(-300, 900))};
    case TypeKind::string:
      return {std::string(1, static_cast<char>('a' + rng.below(4)))};
    case TypeKind::timestamp:
      return {near + rng.between(-10, 10) * kSecond};
    case TypeKind::duration:
      return {rng.between(-5, 5) * kSecond};
    case TypeKind::enumeration:
      return {static_cast<int64_t>(rng.below(type->symbols.size()))};
    case TypeKind::bytes:
      return {std::string(rng.below(3), static_cast<char>('a' + rng.below(2)))};
    case TypeKind::uuid:
      return {(static_cast<int128>(0x4000) << 64) + static_cast<int128>(rng.below(4))};
    case TypeKind::date:
      return {int64_t{19675} + rng.between(-2, 2)};
    case TypeKind::time:
      return {rng.between(80'000, 80'003) * kSecond};
    case TypeKind::json: {
      const char* values[] = {"null", "7", "\"a\"", "[1,\"x\"]", "{\"a\":1}", "1.5", "true"};
      return {std::string(values[rng.below(std::size(values))])};
    }
    case TypeKind::list: {
      std::vector<Value> items(rng.below(4));
      for (Value& item : items) item = random_value(type->element, near, rng);
      return {std::move(items)};
    }
    case TypeKind::map: {
      std::vector<Value> entries(rng.below(4));
      for (Value& entry : entries) entry = random_value(type->element, near, rng);
      return {order_entries(entries) ? entries : std::vector<Value>()};
    }
    case TypeKind::structure: {
      std::vector<Value> fields;
      for (const Field& field : type->fields) fields.push_back(random_value(field.type, near, rng));
      return {std::move(fields)};
    }
    case TypeKind::optional:
      if (rng.chance(5)) return {Null{}};
      return random_value(type->element, near, rng);
    default:
      BRAID_UNREACHABLE("no random values of " + to_string(type));
  }
}

/// A field as it stands in the record, and what must become of it.
struct Written {
  bool absent = false;
  std::string json;
  reference::InputField field;
};

Written write_field(const typed::SourceField& declared, int64_t near, Rng& rng) {
  const bool may_be_null = is_optional(declared.type) || declared.fallback;
  Written made;
  if (!rng.chance(25)) {
    made.field.value = random_value(declared.type, near, rng);
    made.json = to_json(declared.type, made.field.value);
    return made;
  }
  // Any JSON is a value of the type `json`, but for nothing at all.
  const bool any = is(without_optional(declared.type), TypeKind::json);
  switch (any ? 0 : rng.below(3)) {
    case 0:
      made.absent = true;
      if (!may_be_null) made.field.fault = ConversionFault::missing;
      break;
    case 1:
      made.json = "null";
      if (!may_be_null) made.field.fault = ConversionFault::null;
      break;
    default:
      made.json = is(without_optional(declared.type), TypeKind::list) ? "7" : "[]";
      made.field.fault = ConversionFault::wrong_type;
  }
  return made;
}

/// How the event times of one partition go on.
class Times {
 public:
  Times(const typed::Relation& relation, const InputShape& shape, Rng& rng)
      : relation_(relation), shape_(shape), rng_(rng), at_(kBegin + rng.between(0, 10) * kSecond) {}

  int64_t next() {
    at_ += rng_.between(0, 4) * kSecond;
    const int64_t within = relation_.within_us / kSecond;
    if (shape_.on_time) return at_ - rng_.between(0, within) * kSecond + number_++;
    if (rng_.chance(40)) return shape_.now_us + relation_.source->ahead_us + rng_.between(0, 1);
    if (rng_.chance(30)) {  // a leap: the next record may confirm it
      if (rng_.chance(2)) at_ += relation_.source->ahead_us;
      return at_ + relation_.source->ahead_us + rng_.between(1, 20) * kSecond;
    }
    if (rng_.chance(8)) return at_ - rng_.between(0, within + 15) * kSecond;  // perhaps late
    return at_ - rng_.between(0, within) * kSecond;
  }

 private:
  const typed::Relation& relation_;
  const InputShape& shape_;
  Rng& rng_;
  int64_t at_;
  int64_t number_ = 0;
};

struct WrittenRecord {
  std::string bytes;
  reference::InputRecord values;
};

WrittenRecord write_record(const typed::Relation& relation, int64_t time, bool on_time, Rng& rng) {
  WrittenRecord made;
  if (rng.chance(50)) {
    made.bytes = "{\"broken\": ";
    made.values.broken = diag::BrokenJson::kCode;
  }
  const bool broken = made.values.broken != 0;
  std::string json = "{";
  for (size_t i = 0; i < relation.row.size(); ++i) {
    const typed::SourceField& declared = relation.source->fields[i];
    Written field = write_field(declared, time, rng);
    if (static_cast<int>(i) == relation.time_field && (on_time || !rng.chance(40))) {
      field = {.json = to_json(declared.type, {time}), .field = {.value = {time}}};
    }
    made.values.fields.push_back(field.field);
    if (field.absent) continue;
    json += (json.size() > 1 ? "," : "") + to_json(string_type(), {declared.path.back()}) + ":" + field.json;
  }
  if (!broken) made.bytes = json + "}";
  made.bytes += "\n";
  return made;
}

struct Partition {
  std::string source;
  uint32_t number;
  bool is_static;
  std::vector<std::string> records;
};

}  // namespace

RecordedInput record_input(const typed::Project& project, const InputShape& shape, Rng& rng) {
  RecordedInput input;
  input.values.clock_us = shape.now_us;
  for (const typed::Relation& relation : project.relations) {
    if (!relation.source) continue;
    const bool is_static = relation.kind == typed::RelationKind::table && !relation.has_time && !relation.followed;
    const uint32_t partitions = is_static ? 1 : shape.partitions;
    auto& into = input.values.sources[relation.qualified()];
    for (uint32_t partition = 0; partition < partitions; ++partition) {
      Times times(relation, shape, rng);
      into.push_back({.name = std::to_string(partition), .records = {}});
      RecordedTurn all{.source = relation.qualified(), .partition = partition};
      const int64_t records = is_static ? 8 : rng.between(0, shape.records);
      for (int64_t i = 0; i < records; ++i) {
        const int64_t time = is_static ? kBegin : times.next();
        WrittenRecord record = write_record(relation, time, shape.on_time, rng);
        record.bytes.insert(record.bytes.size() - 1, rng.below(shape.padding), ' ');
        record.values.position = static_cast<int64_t>(all.bytes.size());
        record.values.line = i + 1;
        all.bytes += record.bytes;
        into.back().records.push_back(std::move(record.values));
      }
      (is_static ? input.tables : input.turns).push_back(std::move(all));
    }
  }
  interleave(input, rng);
  return input;
}

void interleave(RecordedInput& input, Rng& rng) {
  // Joined again first: the same function cuts what was cut before.
  std::map<std::pair<std::string, uint32_t>, std::string> whole;
  for (const RecordedTurn& turn : input.turns) whole[{turn.source, turn.partition}] += turn.bytes;
  struct Place {
    size_t begin = 0;
    int64_t line = 1;
  };
  std::map<std::pair<std::string, uint32_t>, Place> places;
  input.turns.clear();
  while (!whole.empty()) {
    auto chosen = whole.begin();
    std::advance(chosen, static_cast<std::ptrdiff_t>(rng.below(whole.size())));
    Place& place = places[chosen->first];
    const std::string& bytes = chosen->second;
    size_t end = place.begin;
    int64_t lines = 0;
    for (int64_t records = rng.between(1, 9); records > 0 && end < bytes.size(); --records) {
      end = bytes.find('\n', end) + 1;
      ++lines;
    }
    RecordedTurn turn{.source = chosen->first.first,
                      .partition = chosen->first.second,
                      .bytes = bytes.substr(place.begin, end - place.begin),
                      .position = static_cast<int64_t>(place.begin),
                      .line = place.line,
                      .ends = end == bytes.size()};
    place = {end, place.line + lines};
    if (turn.ends) whole.erase(chosen);
    input.turns.push_back(std::move(turn));
  }
}

RecordedInput permuted(const RecordedInput& input, const typed::Project& project, Rng& rng) {
  RecordedInput made = input;
  made.turns.clear();
  for (const typed::Relation& relation : project.relations) {
    const auto source = made.values.sources.find(relation.qualified());
    if (!relation.source || source == made.values.sources.end()) continue;
    if (relation.kind == typed::RelationKind::table && !relation.has_time && !relation.followed) continue;
    for (uint32_t partition = 0; partition < source->second.size(); ++partition) {
      std::string bytes;
      for (const RecordedTurn& turn : input.turns)
        if (turn.source == source->first && turn.partition == partition) bytes += turn.bytes;
      struct Line {
        int64_t arrives;
        std::string bytes;
        reference::InputRecord values;
      };
      std::vector<Line> lines;
      int64_t arrives = kBegin;
      size_t at = 0;
      for (reference::InputRecord& record : source->second[partition].records) {
        // A record without a time stays behind the one before it.
        if (relation.has_time && record.broken == 0)
          if (const auto* time =
                  std::get_if<int64_t>(&record.fields[static_cast<size_t>(relation.time_field)].value.content))
            arrives = *time + static_cast<int64_t>(rng.below(static_cast<uint64_t>(relation.within_us) + 1));
        const size_t end = bytes.find('\n', at) + 1;
        lines.push_back({relation.has_time ? arrives : 0, bytes.substr(at, end - at), std::move(record)});
        at = end;
      }
      std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.arrives < b.arrives; });
      RecordedTurn all{.source = source->first, .partition = partition};
      source->second[partition].records.clear();
      for (Line& line : lines) {
        line.values.position = static_cast<int64_t>(all.bytes.size());
        line.values.line = static_cast<int64_t>(source->second[partition].records.size()) + 1;
        all.bytes += line.bytes;
        source->second[partition].records.push_back(std::move(line.values));
      }
      made.turns.push_back(std::move(all));
    }
  }
  interleave(made, rng);
  return made;
}

void let_time_pass(RecordedInput& input, Rng& rng) {
  input.values.steps.clear();
  std::map<std::pair<std::string, uint32_t>, size_t> read;
  int64_t wall = kBegin;
  for (RecordedTurn& turn : input.turns) {
    wall += rng.between(0, 12) * kSecond;
    turn.wall = wall;
    turn.lets_go = rng.chance(2);
    const size_t step = input.values.steps.size();
    input.values.steps.push_back({turn.wall, turn.lets_go});
    reference::InputPartition& partition = input.values.sources.at(turn.source)[turn.partition];
    size_t& next = read[{turn.source, turn.partition}];
    for (const char byte : turn.bytes)
      if (byte == '\n') partition.records[next++].arrival = step;
    if (turn.ends) partition.ended = step;
  }
}

void let_time_follow(RecordedInput& input, const typed::Project& project, Rng& rng) {
  for (const typed::Relation& relation : project.relations) {
    const auto source = input.values.sources.find(relation.qualified());
    if (!relation.source || !relation.has_time || source == input.values.sources.end()) continue;
    BRAID_CHECK(source->second.size() == 1, "what wakes is judged by the time of other partitions, too");
    reference::InputPartition& partition = source->second.front();
    partition.followed.clear();
    size_t read = 0;
    int64_t newest = kBegin;
    for (RecordedTurn& turn : input.turns) {
      turn.follows.reset();
      for (const char byte : turn.bytes) {
        if (byte != '\n') continue;
        const reference::InputRecord& record = partition.records[read++];
        if (record.broken != 0) continue;
        const Value& time = record.fields[static_cast<size_t>(relation.time_field)].value;
        if (const auto* at = std::get_if<int64_t>(&time.content); at != nullptr && *at <= input.values.clock_us)
          newest = std::max(newest, *at);
      }
      if (turn.ends || !rng.chance(3)) continue;
      turn.follows = newest + rng.between(-5, 60) * kSecond;
      partition.followed.push_back({read, *turn.follows});
    }
  }
}

}  // namespace braid::scenarios
