#include "runtime/operators/window_group.h"

#include <algorithm>
#include <cstring>

#include "runtime/base/check.h"
#include "runtime/operators/made_row.h"
#include "runtime/operators/output_trace.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

WindowCut cut_of(const WindowSpec& spec) {
  WindowCut cut;
  cut.zone = spec.zone;
  cut.calendar = spec.calendar != WindowSpec::Calendar::none;
  if (!cut.calendar) {
    cut.size = spec.size_us;
    cut.slide = spec.hopping ? spec.slide_us : spec.size_us;
    return cut;
  }
  cut.size = spec.size_units;
  cut.slide = spec.hopping ? spec.slide_units : spec.size_units;
  switch (spec.calendar) {
    case WindowSpec::Calendar::none:
    case WindowSpec::Calendar::day:
      cut.unit = CalendarUnit::day;
      break;
    case WindowSpec::Calendar::week:
      cut.unit = CalendarUnit::week;
      break;
    case WindowSpec::Calendar::month:
      cut.unit = CalendarUnit::month;
      break;
    case WindowSpec::Calendar::year:
      cut.unit = CalendarUnit::year;
      break;
  }
  return cut;
}

Error damaged() {
  return {ErrorKind::store, "a group's state is damaged", 0, 0};
}

}  // namespace

Result<std::unique_ptr<OperatorNode>> WindowGroupNode::make(const Services& services) {
  const auto& content = std::get<GroupOperator>(services.program.operators[services.index].content);
  BRAID_ASSIGN(WindowAssigner windows, WindowAssigner::make(cut_of(content.window)));
  return std::unique_ptr<OperatorNode>(new WindowGroupNode(services, std::move(windows)));
}

WindowGroupNode::WindowGroupNode(const Services& services, WindowAssigner windows)
    : OperatorNode(services),
      content_(std::get<GroupOperator>(self_.content)),
      windows_(std::move(windows)),
      key_(input_row(0), content_.keys, KeyFormat::Nulls::group),
      leaves_(flatten(self_.row)),
      cold_(StateFamily::timed, {table(kGroupTable)}) {
  cold_.attach(services.store);
  auto column = static_cast<uint32_t>(leaf_offset(self_.row, content_.keys.size()));
  for (const AggregateSpec& spec : content_.aggregates) {
    accumulators_.push_back(make_accumulator(spec, input_row(0)));
    offsets_.push_back(state_size_bytes_);
    state_size_bytes_ += accumulators_.back()->size();
    columns_.push_back(column);
    column += static_cast<uint32_t>(braid::leaf_count(spec.type));
  }
  columns_.push_back(column);
  make_sets();
  BRAID_CHECK(column + 2 == leaves_.size(), "the row of a group is not keys, aggregates, window");
}

void WindowGroupNode::make_sets() {
  for (const std::vector<size_t>& set : distinct_sets(content_.aggregates)) {
    std::vector<DistinctCount> counts;
    for (size_t i : set)
      counts.push_back({content_.aggregates[i].argument, content_.aggregates[i].filter, offsets_[i]});
    sets_.push_back(make_distinct_counts(input_row(0), counts, state_size_bytes_));
    state_size_bytes_ += sets_.back()->size();
  }
  BRAID_CHECK(sets_.size() <= UINT16_MAX);
}

WindowGroupNode::~WindowGroupNode() {
  groups_.for_each([this](Entry& entry) { end_group(entry); });
}

void WindowGroupNode::end_group(Entry& entry) {
  for (size_t i = 0; i < accumulators_.size(); ++i) accumulators_[i]->end(entry.value.state + offsets_[i], pool_);
  for (const auto& set : sets_) set->end(entry.value.state, pool_);
  pool_.release_later({entry.value.state, state_size_bytes_});
}

WindowGroupNode::Entry& WindowGroupNode::group_of(const WindowRange& window, uint64_t hash, std::string_view key) {
  bool added = false;
  Entry& entry = groups_.find_or_add(hash, key, &added, window.end);
  if (added) {
    entry.value.start = window.start;
    entry.value.state = pool_.allocate(state_size_bytes_);
    std::memset(entry.value.state, 0, state_size_bytes_);
    for (size_t i = 0; i < accumulators_.size(); ++i) accumulators_[i]->begin(entry.value.state + offsets_[i]);
    std::vector<Entry*>& groups = open_[window.end].groups;
    entry.value.place = static_cast<uint32_t>(groups.size());
    groups.push_back(&entry);
  }
  return entry;
}

void WindowGroupNode::take(int, const Block& block, std::vector<Block>&) {
  KeyBlock keys = key_.encode(block, arena());
  if (windows_.tumbling() && block.rows > 0) {
    windows_.assign(block.time[0], ranges_);
    for (uint32_t row = 0; row < block.rows; ++row) groups_.prefetch(keys.hashes[row], ranges_[0].end);
  }
  rows_.clear();
  states_.clear();
  int64_t closed = std::max(edges[0].finite, sealed_);
  if (!cold_.empty()) note(warm(block, keys, closed));
  for (uint32_t row = 0; row < block.rows; ++row) {
    windows_.assign(block.time[row], ranges_);
    int64_t passed = std::max(block.watermark[row], closed);
    size_t open = 0;
    for (const WindowRange& window : ranges_) {
      if (is_closed(window, passed)) continue;
      ++open;
      Entry& entry = group_of(window, keys.hashes[row], keys.keys[row].view());
      if (!entry.value.dirty) {
        entry.value.dirty = true;
        changed_.push_back(&entry);
      }
      rows_.push_back(row);
      states_.push_back(entry.value.state);
    }
    if (open == 0) {
      leave_late(0, block, row, content_.late_site);
      continue;
    }
    const Record& record = block.record_of(row);
    dispositions().use(index(), 0, record);
    if (open < ranges_.size()) dispositions().partly_late(index(), 0, record);
  }
  fold(block, rows_, states_.data());
}

void WindowGroupNode::fold(const Block& block, std::span<const uint32_t> rows, char* const* states) {
  for (size_t i = 0; i < accumulators_.size(); ++i) accumulators_[i]->add(block, rows, states, offsets_[i], pool_);
  for (const auto& set : sets_) changed_value_bytes_ += set->add(block, rows, states, arena(), pool_);
}

void WindowGroupNode::finish_release(std::vector<Block>& out) {
  int64_t watermark = edges[0].value();
  while (!open_.empty() && is_closed({0, open_.begin()->first}, watermark)) {
    auto& [end, window] = *open_.begin();
    close(end, window, out);
    if (edges[0].ended) {
      sealed_ = std::max(sealed_, add_time(end, content_.window.late_us));
      sealed_changed_ = true;
    }
    open_.erase(open_.begin());
  }
}

void WindowGroupNode::close(int64_t end, Window& window, std::vector<Block>& out) {
  auto in_order = [](const Entry* a, const Entry* b) {
    return a->hash != b->hash ? a->hash < b->hash : a->key.view() < b->key.view();
  };
  // Many rows are erased as the ranges that they fill.
  constexpr uint64_t kMany = 4096;
  bool as_ranges = window.stored > kMany;
  if (as_ranges) erased_windows_.push_back(end);
  auto finish = [&](std::vector<Entry*>& groups) {
    emit(groups, out);
    for (Entry* entry : groups) {
      if (!as_ranges) erase(*entry);
      end_group(*entry);
      groups_.erase(*entry);
    }
  };
  std::sort(window.groups.begin(), window.groups.end(), in_order);
  if (window.cold == 0) return finish(window.groups);

  // Slices are ranges of the hash, so one after the other keeps the order, and only one is in memory as a whole.
  std::vector<Entry*> warm = std::move(window.groups);
  auto next = warm.begin();
  for (uint32_t slice = services_.first_slice; slice < services_.end_slice; ++slice) {
    window.groups.clear();
    for (; next != warm.end() && slice_of((*next)->hash) == slice; ++next) window.groups.push_back(*next);
    std::vector<Entry*> loaded;
    note(cold_.store().scan(StateFamily::timed, bucket_prefix(table(kGroupTable), slice, end),
                            [&](std::string_view key, std::string_view value) -> Status {
                              TimedKey place = parse_timed_key(key);
                              if (groups_.find(place.hash, place.key, end) != nullptr) return {};
                              count_back(window);
                              BRAID_ASSIGN(Entry * entry, load(place, value));
                              loaded.push_back(entry);
                              return {};
                            }));
    note(load_parts(loaded));
    std::sort(window.groups.begin(), window.groups.end(), in_order);
    finish(window.groups);
  }
}

void WindowGroupNode::erase(const Entry& entry) {
  if (!entry.value.stored) return;
  erased_.push_back(timed_key(table(kGroupTable), entry.bucket, entry.hash, entry.key.view()));
  for (size_t i = 0; i < sets_.size(); ++i)
    for (uint32_t part = 0; part < sets_[i]->parts(entry.value.state).stored; ++part)
      erased_.push_back(part_key(entry, i, part));
}

void WindowGroupNode::seal(int64_t time) {
  if (time <= sealed_) return;
  sealed_ = time;
  sealed_changed_ = true;
}

void WindowGroupNode::emit(std::vector<Entry*>& groups, std::vector<Block>& out) {
  constexpr uint32_t kOverflow = 6101;
  for (size_t first = 0; first < groups.size(); first += kBlockRows) {
    auto count = static_cast<uint32_t>(std::min<size_t>(groups.size() - first, kBlockRows));
    Block block = allocate_block(leaves_, count, arena());
    auto* records = arena().allocate_array<Record>(count);
    block.rows = count;
    block.records = records;
    dispositions().make(index(), count);
    if (services_.trace != nullptr) services_.trace->rows.clear();
    std::vector<std::pair<uint32_t, size_t>> overflows;
    for (uint32_t row = 0; row < count; ++row) {
      Entry& entry = *groups[first + row];
      key_.decode(entry.key.view(), block, row, 0, arena());
      size_t overflow = accumulators_.size();
      for (size_t i = 0; i < accumulators_.size(); ++i) {
        bool fits = accumulators_[i]->read(entry.value.state + offsets_[i], block, row, columns_[i], arena());
        if (!fits && overflow == accumulators_.size()) overflow = i;
      }
      block.columns[columns_.back()].as<int64_t>()[row] = entry.value.start;
      block.columns[columns_.back() + 1].as<int64_t>()[row] = entry.bucket;
      block.time[row] = entry.bucket - 1;
      block.watermark[row] = kNoTime;
      block.record[row] = row;
      records[row] = Record{};
      records[row].bytes =
          made_row_bytes(self_.state.identity, entry.value.start, entry.bucket, entry.key.view(), arena());
      records[row].line = kMadeByWindow;
      records[row].source = made_source(services_.program);
      records[row].position = static_cast<int64_t>(entry.hash >> 1);
      records[row].turn = services_.turn;
      records[row].ordinal = static_cast<uint32_t>(made++);
      if (services_.trace != nullptr) {
        OrderKey key{.time = entry.bucket, .a = entry.hash, .bytes = entry.key.view()};
        services_.trace->rows.push_back(key);
        services_.trace->made.push_back({key, &records[row]});
      }
      if (overflow < accumulators_.size()) overflows.emplace_back(row, overflow);
    }
    std::vector<uint32_t> kept;
    auto next = overflows.begin();
    for (uint32_t row = 0; row < count; ++row) {
      if (next == overflows.end() || next->first != row) {
        kept.push_back(row);
        continue;
      }
      const AggregateSpec& aggregate = content_.aggregates[next->second];
      const char* state = groups[first + row]->value.state + offsets_[next->second];
      dispositions().leave(index(), Dispositions::kMadeHere, block, row, content_.overflow_site,
                           {.code = kOverflow,
                            .expression = aggregate.expression,
                            .arguments = {{"type", to_string(aggregate.type)},
                                          {"values", accumulators_[next->second]->values_text(state)}}});
      ++next;
    }
    if (kept.empty()) continue;
    if (services_.trace != nullptr) services_.trace->put_out(kept);
    out.push_back(select_rows(block, kept, leaves_, arena()));
  }
}

void WindowGroupNode::collect(StateBatch& batch) {
  for (std::string& key : erased_) batch.erase(StateFamily::timed, std::move(key));
  erased_.clear();
  for (int64_t end : erased_windows_) {
    erase_bucket(batch, table(kGroupTable), end, services_.first_slice, services_.end_slice);
    if (!sets_.empty()) erase_bucket(batch, table(kPartTable), end, services_.first_slice, services_.end_slice);
  }
  erased_windows_.clear();
  for (Entry* entry : changed_) {
    if (!entry->live || !entry->value.dirty) continue;
    char* state = entry->value.state;
    Window& window = open_[entry->bucket];
    WireWriter out;
    out.fixed(entry->value.start);
    for (size_t i = 0; i < accumulators_.size(); ++i) accumulators_[i]->store(state + offsets_[i], out);
    for (size_t i = 0; i < sets_.size(); ++i) {
      sets_[i]->collect(state, [&](uint32_t part, std::string values) {
        batch.put(StateFamily::timed, part_key(*entry, i, part), std::move(values));
        ++window.stored;
      });
      out.fixed(sets_[i]->parts(state).stored);
    }
    batch.put(StateFamily::timed, timed_key(table(kGroupTable), entry->bucket, entry->hash, entry->key.view()),
              out.take());
    if (!entry->value.stored) ++window.stored;
    entry->value.stored = true;
    entry->value.dirty = false;
  }
  changed_.clear();
  changed_value_bytes_ = 0;
  cold_.collected();
  if (sealed_changed_) {
    WireWriter out;
    out.fixed(sealed_);
    batch.put(StateFamily::point, point_key(table(kSealedTable), 0, {}), out.take());
    sealed_changed_ = false;
  }
}

Status WindowGroupNode::warm(const Block& block, const KeyBlock& keys, int64_t closed) {
  std::vector<std::string> wanted;
  for (uint32_t row = 0; row < block.rows; ++row) {
    windows_.assign(block.time[row], ranges_);
    for (const WindowRange& window : ranges_) {
      if (is_closed(window, std::max(block.watermark[row], closed))) continue;
      std::string_view key = keys.keys[row].view();
      if (cold_.may_hold(keys.hashes[row], key, window.end) &&
          groups_.find(keys.hashes[row], key, window.end) == nullptr)
        wanted.push_back(timed_key(table(kGroupTable), window.end, keys.hashes[row], key));
    }
  }
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<Entry*> loaded;
  BRAID_TRY(cold_.store().get_many(StateFamily::timed, wanted, [&](size_t place, std::string_view value) -> Status {
    TimedKey found = parse_timed_key(wanted[place]);
    count_back(open_[found.bucket]);
    BRAID_ASSIGN(Entry * entry, load(found, value));
    loaded.push_back(entry);
    return {};
  }));
  return load_parts(loaded);
}

void WindowGroupNode::count_back(Window& window) {
  BRAID_CHECK(window.cold > 0, "a group comes back that was not away");
  --window.cold;
  cold_.remove();
}

Result<WindowGroupNode::Entry*> WindowGroupNode::load(const TimedKey& place, std::string_view value) {
  WireReader in(value);
  auto start = in.fixed<int64_t>();
  Entry& entry = group_of({start, place.bucket}, place.hash, place.key);
  entry.value.start = start;
  entry.value.stored = true;
  bool whole = true;
  for (size_t i = 0; i < accumulators_.size(); ++i)
    whole = whole && accumulators_[i]->load(in, entry.value.state + offsets_[i], pool_);
  for (const auto& set : sets_) set->parts(entry.value.state).stored = in.fixed<uint32_t>();
  if (!whole || in.failed() || !in.at_end()) return damaged();
  return &entry;
}

std::string WindowGroupNode::part_key(const Entry& entry, size_t set, uint32_t part) const {
  return timed_key(table(kPartTable), entry.bucket, entry.hash,
                   part_place(entry.key.view(), static_cast<uint16_t>(set), part));
}

Status WindowGroupNode::load_parts(std::span<Entry* const> entries) {
  std::vector<std::string> wanted;
  for (const Entry* entry : entries)
    for (size_t i = 0; i < sets_.size(); ++i)
      for (uint32_t part = 0; part < sets_[i]->parts(entry->value.state).stored; ++part)
        wanted.push_back(part_key(*entry, i, part));
  std::sort(wanted.begin(), wanted.end());
  BRAID_TRY(cold_.store().get_many(StateFamily::timed, wanted, [&](size_t at, std::string_view value) -> Status {
    TimedKey place = parse_timed_key(wanted[at]);
    PartPlace part;
    BRAID_CHECK(parse_part_place(place.key, &part));
    Entry* entry = groups_.find(place.hash, part.group_key, place.bucket);
    return sets_[part.set]->load(value, entry->value.state, pool_) ? Status() : damaged();
  }));
  for (const Entry* entry : entries)
    if (!complete(*entry)) return damaged();
  return {};
}

bool WindowGroupNode::complete(const Entry& entry) const {
  return entry.value.stored && std::all_of(sets_.begin(), sets_.end(), [&](const auto& set) {
           const DistinctCounts::Parts& parts = set->parts(entry.value.state);
           return parts.read == parts.stored;
         });
}

Status WindowGroupNode::restore(StateStore& store, uint64_t memory) {
  // Sets come first, since they fill the memory; once it is full, no group is begun.
  bool full = false;
  auto has_room = [&] { return !(full = full || (cold_.attached() && state_size().bytes >= memory)); };
  BRAID_TRY(store.scan(StateFamily::timed, table_prefix(table(kPartTable)),
                       [&](std::string_view key, std::string_view value) -> Status {
                         TimedKey place = parse_timed_key(key);
                         PartPlace part;
                         if (!parse_part_place(place.key, &part) || part.set >= sets_.size()) return damaged();
                         ++open_[place.bucket].stored;
                         Entry* entry = groups_.find(place.hash, part.group_key, place.bucket);
                         if (entry == nullptr && !has_room()) return {};
                         if (entry == nullptr) entry = &group_of({0, place.bucket}, place.hash, part.group_key);
                         return sets_[part.set]->load(value, entry->value.state, pool_) ? Status() : damaged();
                       }));
  BRAID_TRY(store.scan(StateFamily::timed, table_prefix(table(kGroupTable)),
                       [&](std::string_view key, std::string_view value) -> Status {
                         TimedKey place = parse_timed_key(key);
                         Window& window = open_[place.bucket];
                         ++window.stored;
                         if (groups_.find(place.hash, place.key, place.bucket) != nullptr || has_room()) {
                           BRAID_ASSIGN(Entry * entry, load(place, value));
                           return complete(*entry) ? Status() : damaged();
                         }
                         ++window.cold;
                         cold_.add(place.hash, place.bucket);
                         return {};
                       }));
  bool whole = true;
  groups_.for_each([&](const Entry& entry) { whole = whole && entry.value.stored; });
  if (!whole) return damaged();
  std::string sealed;
  BRAID_ASSIGN(bool found, store.get(StateFamily::point, point_key(table(kSealedTable), 0, {}), &sealed));
  if (found) {
    WireReader in(sealed);
    sealed_ = in.fixed<int64_t>();
    if (in.failed()) return damaged();
  }
  return {};
}

Status WindowGroupNode::evict(uint64_t bytes) {
  groups_.evict(bytes, [this](Entry& entry) -> uint64_t {
    BRAID_CHECK(entry.value.stored && !entry.value.dirty, "a group is evicted that was never committed");
    uint64_t before = pool_.bytes_used();
    Window& window = open_[entry.bucket];
    window.groups.back()->value.place = entry.value.place;
    window.groups[entry.value.place] = window.groups.back();
    window.groups.pop_back();
    ++window.cold;
    cold_.add(entry.hash, entry.bucket);
    end_group(entry);
    groups_.erase(entry);
    pool_.release_pending();
    return sizeof(Entry) + before - pool_.bytes_used();
  });
  return cold_.renew();
}

StateSize WindowGroupNode::state_size() const {
  uint64_t erasures = erased_.size() * kBytesOfErasure;
  return {groups_.size() + cold_.entries(), pool_.bytes_used() + groups_.bytes() + cold_.bytes() + erasures,
          changed_.size() * (sizeof(Entry) + state_size_bytes_) + changed_value_bytes_ + erasures, cold_.entries()};
}

}  // namespace braid
