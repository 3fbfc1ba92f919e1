#include "runtime/engine/exchange_rows.h"

#include <algorithm>
#include <utility>

#include "runtime/data/key_bytes.h"
#include "runtime/data/pair_place.h"
#include "runtime/report/diagnostic.h"

namespace braid {
namespace {

constexpr uint16_t kLayout = 1;
enum class Kind : uint8_t { rows = 1, time = 2, times = 3 };
enum class State : uint8_t { ended, active, idle };
/// Beside the partition: the places of right rows (data/pair_place.h) stand behind the bytes.
constexpr uint32_t kHasPair = uint32_t{1} << 31;

void begin(Kind kind, uint32_t front, WireWriter& out) {
  out.clear();
  out.fixed(kLayout);
  out.fixed(kind);
  out.fixed(front);
}

/// Rows of another version of the script may have other fields, or other numbers of sources.
uint64_t digest_of(const Program& whole, const std::vector<Field>& row) {
  std::string text = to_string(struct_type(row));
  for (const SourceSpec& source : whole.sources) text += "\n" + source.name;
  for (const ProductSpec& product : whole.products)
    text += fmt::format("\n{} {}", product.qualified(), product.version);
  return key_hash(text);
}

SourceRows::Front read_time(uint32_t front, WireReader& in) {
  const auto epoch = in.fixed<uint64_t>();
  EdgeTime time{.w = in.fixed<int64_t>()};
  const auto state = in.fixed<State>();
  time.active = state == State::active ? 1 : 0;
  time.idle = state == State::idle ? 1 : 0;
  if (state == State::ended) time.reached = std::exchange(time.w, kEndTime);
  return {front, epoch, time};
}

struct Arrived {
  int64_t time, watermark;
  Record record;
  std::string_view row;
};

}  // namespace

ExchangeFormat::ExchangeFormat(const Program& program, const std::vector<Field>& row)
    : own_(static_cast<uint32_t>((program.whole == nullptr ? program : *program.whole).sources.size())),
      exchanges_(static_cast<uint32_t>(program.sources.size()) - own_),
      relations_(own_ + static_cast<uint32_t>(program.products.size()) + 1),
      digest_(digest_of(program.whole == nullptr ? program : *program.whole, row)),
      rows_(row),
      leaves_(flatten(row)) {}

void ExchangeFormat::begin_rows(uint32_t front, WireWriter& out) const {
  begin(Kind::rows, front, out);
  out.fixed(digest_);
}

void ExchangeFormat::append(const Block& block, uint32_t row, WireWriter& out) const {
  const Record& record = block.record_of(row);
  out.fixed(block.time[row]);
  out.fixed(block.watermark[row]);
  out.fixed(record.position);
  out.fixed(record.line);
  const std::string_view pair = pair_place(record);
  out.fixed(to_whole(record.source));
  out.fixed(pair.empty() ? record.partition : record.partition | kHasPair);
  out.fixed(record.settled);
  out.text(record.bytes.view());
  if (!pair.empty()) {
    out.text(pair);
    renumber_pair(out.bytes().data() + out.bytes().size() - pair.size(), pair.size(),
                  [this](uint32_t source) { return to_whole(source); });
  }
  const size_t at = out.bytes().size();
  out.fixed(uint32_t{0});
  rows_.append(block, row, out.bytes());
  const auto size = static_cast<uint32_t>(out.bytes().size() - at - sizeof(uint32_t));
  std::memcpy(out.bytes().data() + at, &size, sizeof(size));
}

std::string ExchangeFormat::times(std::span<const SourceRows::Front> fronts) {
  WireWriter out;
  begin(Kind::times, static_cast<uint32_t>(fronts.size()), out);
  for (const SourceRows::Front& front : fronts) {
    out.fixed(front.number);
    out.fixed(front.epoch);
    const bool ended = front.time.active == 0 && front.time.idle == 0;
    out.fixed(ended ? front.time.reached : front.time.w);
    out.fixed(front.time.active > 0 ? State::active : front.time.idle > 0 ? State::idle : State::ended);
  }
  return out.take();
}

Result<SourceRows> ExchangeFormat::read(std::span<const GivenRecord> given, const std::string& topic, uint32_t fronts,
                                        Arena& arena) const {
  std::vector<Arrived> rows;
  SourceRows turn;
  for (const GivenRecord& each : given) {
    auto damaged = [&](std::string reason) {
      const Diagnostic wrong =
          diag::RepartitionDamaged{.offset = each.position, .topic = topic, .reason = std::move(reason)}.make();
      return Error{ErrorKind::input, wrong.message, wrong.code, 0};
    };
    WireReader in(each.bytes);
    if (in.fixed<uint16_t>() != kLayout) return damaged("it has another format");
    const auto kind = in.fixed<Kind>();
    const auto front = in.fixed<uint32_t>();
    const std::string_view foreign = "nobody of this job has written it";
    if (kind == Kind::times) {
      for (uint32_t i = 0; i < front && !in.failed(); ++i) {
        const auto number = in.fixed<uint32_t>();
        if (!in.failed() && number >= fronts) return damaged(std::string(foreign));
        turn.fronts.push_back(read_time(number, in));
      }
      if (in.failed() || !in.at_end()) return damaged("it is cut");
      continue;
    }
    if (in.failed() || front >= fronts) return damaged(std::string(foreign));
    if (kind == Kind::time) {
      turn.fronts.push_back(read_time(front, in));
      if (in.failed() || !in.at_end()) return damaged("it is cut");
      continue;
    }
    if (kind != Kind::rows) return damaged("it has another format");
    const bool fits = in.fixed<uint64_t>() == digest_;
    if (in.failed()) return damaged("it is cut");
    if (!fits) return damaged("its rows are those of another script");
    while (!in.at_end()) {
      Arrived& row = rows.emplace_back();
      row.time = in.fixed<int64_t>();
      row.watermark = in.fixed<int64_t>();
      row.record.position = in.fixed<int64_t>();
      row.record.line = in.fixed<int64_t>();
      const auto source = in.fixed<uint32_t>();
      row.record.partition = in.fixed<uint32_t>();
      row.record.settled = in.fixed<uint64_t>();
      const std::string_view bytes = in.text();
      if ((row.record.partition & kHasPair) != 0) {
        row.record.partition &= ~kHasPair;
        const std::string_view pair = in.text();
        char* memory = arena.allocate_array<char>(sizeof(uint32_t) + pair.size());
        set_pair(row.record, write_pair(pair, memory));
        renumber_pair(memory + sizeof(uint32_t), pair.size(), [this](uint32_t source) { return from_whole(source); });
      }
      row.row = in.text();
      if (in.failed()) return damaged("it is cut");
      if (source >= relations_ || !rows_.fits(row.row)) return damaged("a row of it is not well formed");
      row.record.source = from_whole(source);
      row.record.bytes = {bytes.data(), bytes.size()};
      row.record.ordinal = static_cast<uint32_t>(rows.size()) - 1;
    }
  }
  auto* records = arena.allocate_array<Record>(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) records[i] = rows[i].record;
  turn.records = {records, rows.size()};
  for (size_t first = 0; first < rows.size(); first += kBlockRows) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(kBlockRows, rows.size() - first));
    Block block = allocate_block(leaves_, count, arena);
    const Block target = rows_.target(block, 0);
    for (uint32_t i = 0; i < count; ++i) {
      const Arrived& row = rows[first + i];
      block.time[i] = row.time;
      block.watermark[i] = row.watermark;
      block.record[i] = static_cast<uint32_t>(first) + i;
      rows_.read({row.row.data(), row.row.size()}, target, i, arena);
    }
    block.rows = count;
    block.records = records;
    turn.blocks.push_back(std::move(block));
  }
  return turn;
}

}  // namespace braid
