#include "runtime/operators/top_rows.h"

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/operators/made_row.h"
#include "runtime/operators/output_trace.h"
#include "runtime/operators/scalar_order.h"

namespace braid {
namespace {

RankedRows* ranked_of(const char* state) {
  return *reinterpret_cast<RankedRows* const*>(state);
}

/// An entry is the place of a row, then the row.
class TopRows : public Accumulator {
 public:
  TopRows(const TopOperator& top, const std::vector<Field>& row)
      : limit_{top.count, top.with_ties}, order_(top, row), stored_(first_fields(row, top.fields)) {}

  size_t size() const override { return sizeof(RankedRows*); }
  bool has_memory() const override { return true; }
  void add(const Block& block, std::span<const uint32_t> rows, char* const* states, size_t offset,
           BlobPool& pool) const override {
    const Block target = stored_.target(block, 0);
    std::string values, entry;
    for (size_t i = 0; i < rows.size(); ++i) {
      values.clear();
      order_.append_values(block, rows[i], values);
      RankedRows& ranked = rows_of(states[i] + offset);
      if (!ranked.admits(values, limit_)) continue;
      entry.clear();
      RankOrder::append_place(block, rows[i], entry);
      stored_.append(target, rows[i], entry);
      ranked.change(values, entry, 1, {pool});
      trim(ranked, pool);
    }
  }
  void merge(const char* from, char* into, BlobPool& pool) const override {
    const RankedRows* other = ranked_of(from);
    if (other == nullptr) return;
    RankedRows& ranked = rows_of(into);
    other->visit_all([&](std::string_view values, std::string_view entry, int64_t count) {
      if (ranked.admits(values, limit_)) ranked.change(values, entry, count, {pool});
    });
    trim(ranked, pool);
  }
  void read(std::span<const char* const>, size_t, Block&, uint32_t, Arena&, uint8_t*) const override {
    BRAID_UNREACHABLE("the rows of `top` are no result");
  }
  void store(const char* state, WireWriter& out) const override {
    const RankedRows* ranked = ranked_of(state);
    out.fixed(ranked == nullptr ? uint64_t{0} : ranked->entries());
    if (ranked == nullptr) return;
    ranked->visit_all([&](std::string_view values, std::string_view entry, int64_t count) {
      out.text(values);
      out.text(entry);
      out.fixed(count);
    });
  }
  bool load(WireReader& in, char* state, BlobPool& pool) const override {
    for (auto left = in.fixed<uint64_t>(); left > 0 && !in.failed(); --left) {
      const std::string_view values = in.text(), entry = in.text();
      const auto count = in.fixed<int64_t>();
      if (in.failed() || count <= 0 || entry.size() < RankOrder::kPlaceBytes ||
          !stored_.fits(RankOrder::row_behind_place(entry)))
        return false;
      rows_of(state).change(values, entry, count, {pool});
    }
    return !in.failed();
  }
  void end(char* state, BlobPool& pool) const override {
    RankedRows*& ranked = *reinterpret_cast<RankedRows**>(state);
    if (ranked == nullptr) return;
    ranked->clear({pool});
    delete ranked;
    ranked = nullptr;
  }

 private:
  static RankedRows& rows_of(char* state) {
    RankedRows*& ranked = *reinterpret_cast<RankedRows**>(state);
    if (ranked == nullptr) ranked = new RankedRows{};
    return *ranked;
  }

  void trim(RankedRows& ranked, BlobPool& pool) const {
    ranked.trim(limit_, {pool}, [](std::string_view, std::string_view, int64_t) {});
  }

  RankedRows::Limit limit_;
  RankOrder order_;
  StoredRows stored_;
};

}  // namespace

GroupState state_of_groups(const Operator& op, const std::vector<Field>& input_row) {
  if (const auto* top = std::get_if<TopOperator>(&op.content))
    return GroupState(std::make_unique<TopRows>(*top, input_row));
  const auto& group = std::get<GroupOperator>(op.content);
  return GroupState(group.aggregates, input_row, static_cast<uint32_t>(leaf_offset(op.row, group.keys.size())));
}

void visit_ranked(const TopOperator& top, const char* state,
                  const std::function<void(uint64_t number, std::string_view entry)>& visit) {
  const RankedRows* ranked = ranked_of(state);
  if (ranked == nullptr) return;
  uint64_t number = 0;
  ranked->visit_first({top.count, top.with_ties}, [&](std::string_view entry) { visit(++number, entry); });
}

TopOutput::TopOutput(const Services& services, const KeyFormat& key)
    : services_(services),
      self_(services.program.operators[services.index]),
      content_(std::get<TopOperator>(self_.content)),
      key_(key),
      stored_(first_fields(services.program.operators[self_.inputs[0]].row, content_.fields)),
      leaves_(flatten(self_.row)) {
  const std::vector<Field>& input = services.program.operators[self_.inputs[0]].row;
  std::vector<Field> keys;
  for (const int field : content_.group.keys) keys.push_back(input[field]);
  key_leaves_ = flatten(keys);
  BRAID_CHECK(stored_.leaf_count() + (content_.adds_window ? 2 : 0) + (content_.numbered ? 1 : 0) == leaves_.size(),
              "the row of `top` is not that of the rows before, its window and number");
}

WindowRange TopOutput::window_of(const ClosedGroup& group) const {
  if (!content_.group.window.span) return group.window;
  Block keys = allocate_block(key_leaves_, 1, services_.arena);
  key_.decode(services_.arena.copy(group.key).view(), keys, 0, 0, services_.arena);
  return {keys.columns[0].as<int64_t>()[0], group.window.end};
}

void TopOutput::put_out(std::span<const ClosedGroup> groups, uint64_t& made, std::vector<Block>& out) const {
  const RankedRows::Limit limit{content_.count, content_.with_ties};
  std::vector<Row> rows;
  for (const ClosedGroup& group : groups) {
    const RankedRows* ranked = ranked_of(group.state);
    if (ranked == nullptr) continue;
    const WindowRange window = window_of(group);
    uint64_t number = 0;
    ranked->visit_first(limit, [&](std::string_view entry) {
      rows.push_back({&group, window, ++number, RankOrder::row_behind_place(entry)});
      if (rows.size() < kBlockRows) return;
      put_out_rows(rows, made, out);
      rows.clear();
    });
  }
  if (!rows.empty()) put_out_rows(rows, made, out);
}

void TopOutput::put_out_rows(std::span<const Row> rows, uint64_t& made, std::vector<Block>& out) const {
  Arena& arena = services_.arena;
  const auto count = static_cast<uint32_t>(rows.size());
  Block block = allocate_block(leaves_, count, arena);
  auto* records = arena.allocate_array<Record>(count);
  block.rows = count;
  block.records = records;
  services_.dispositions.make(services_.index, count);
  if (services_.trace != nullptr) services_.trace->rows.clear();
  const Block target = stored_.target(block, 0);
  std::vector<uint32_t> all(count);
  for (uint32_t row = 0; row < count; ++row) {
    const Row& from = rows[row];
    all[row] = row;
    stored_.read(arena.copy(from.bytes), target, row, arena);
    size_t column = stored_.leaf_count();
    if (content_.adds_window) {
      block.columns[column++].as<int64_t>()[row] = from.window.start;
      block.columns[column++].as<int64_t>()[row] = from.window.end;
    }
    if (content_.numbered) block.columns[column].as<int64_t>()[row] = static_cast<int64_t>(from.number);
    Record& record = records[row] = Record{};
    record.bytes = made_row_bytes(self_.state.identity, from.window.start, from.window.end, from.group->key, arena);
    record.line = kMadeByWindow;
    record.source = made_source(services_.program);
    record.position = ranked_position(from.group->hash, from.number);
    record.turn = services_.turn;
    record.ordinal = static_cast<uint32_t>(made++);
    block.time[row] = from.window.end - 1;
    block.watermark[row] = block.time[row];  // as of a row that a group makes
    block.record[row] = row;
    if (services_.trace == nullptr) continue;
    std::string place(from.group->key);
    append_ordered(from.number, place);
    const OrderKey order{.time = from.window.end, .a = from.group->hash, .bytes = arena.copy(place).view()};
    services_.trace->rows.push_back(order);
    services_.trace->made.push_back({order, &record});
  }
  if (services_.trace != nullptr) services_.trace->put_out(all);
  out.push_back(std::move(block));
}

}  // namespace braid
