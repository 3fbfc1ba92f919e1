// What becomes of promises: rows that are counted for them, and rows of `alerts` that tell of them.
#include <algorithm>

#include "runtime/engine/dispositions.h"

namespace braid {

void LedgerDispositions::watch_promises(const std::vector<int64_t>& newest) {
  published_.resize(program_.products.size());
  for (size_t product = 0; product < published_.size(); ++product)
    if (!program_.products[product].promises.empty())
      published_[product] = std::make_unique<PublishedRows>(WatchedRows::of(program_.products[product]),
                                                            book_.product(static_cast<int>(product)).newest);
  arrived_.resize(program_.sources.size());
  for (size_t source = 0; source < arrived_.size(); ++source)
    if (!program_.sources[source].promises.empty())
      arrived_[source] = std::make_unique<PublishedRows>(WatchedRows::of(program_.sources[source]), newest[source]);
}

void LedgerDispositions::arrive(int source, const std::vector<Block>& blocks) {
  if (arrived_.empty() || arrived_[static_cast<size_t>(source)] == nullptr || silent_) return;
  for (const Block& block : blocks) arrived_[static_cast<size_t>(source)]->add(block);
}

std::vector<int> LedgerDispositions::told_products(const PromiseChange& change) const {
  const auto readers = [&](const std::vector<PromiseSpec>& promises, int relation,
                           std::vector<int> ProductSpec::* reads) {
    const auto spec = std::ranges::find(promises, change.promise, &PromiseSpec::text);
    std::vector<int> found;
    for (size_t product = 0; product < program_.products.size(); ++product) {
      const ProductSpec& reader = program_.products[product];
      const bool expects = spec == promises.end() || spec->readers.empty() ||
                           std::ranges::find(spec->readers, reader.domain) != spec->readers.end();
      if (expects && std::ranges::find(reader.*reads, relation) != (reader.*reads).end())
        found.push_back(static_cast<int>(product));
    }
    return found;
  };
  for (size_t product = 0; product < program_.products.size(); ++product) {
    const ProductSpec& spec = program_.products[product];
    if (spec.qualified() != change.relation || spec.version != change.version) continue;
    const auto promise = std::ranges::find(spec.promises, change.promise, &PromiseSpec::text);
    if (promise == spec.promises.end() || promise->readers.empty()) return {static_cast<int>(product)};
    return readers(spec.promises, static_cast<int>(product), &ProductSpec::products);
  }
  for (size_t source = 0; source < program_.sources.size(); ++source)
    if (const SourceSpec& spec = program_.sources[source];
        spec.name == change.relation && spec.version == change.version)
      return readers(spec.promises, static_cast<int>(source), &ProductSpec::sources);
  return {};
}

void LedgerDispositions::tell(const PromiseChange& change, uint64_t turn) {
  for (const int product : told_products(change)) {
    const ProductSpec& spec = program_.products[static_cast<size_t>(product)];
    Record cause;  // none: the clock
    cause.source = static_cast<uint32_t>(program_.sources.size()) + static_cast<uint32_t>(product);
    cause.turn = turn;
    std::vector<Field> fields;
    std::vector<Slot> slots;
    fields.push_back({"check", string_type()});
    slots.push_back(text_slot(change.promise));
    append_origin(cause, fields, slots);
    const size_t row_at = slots.size();
    std::vector<Field> row{{"state", string_type()}, {"since", timestamp_type()}, {"measured", string_type()}};
    slots.push_back(text_slot(change.breached ? "breached" : "recovered"));
    slots.push_back(slot_i64(change.since));
    slots.push_back(text_slot(change.measured));
    const auto add = [&](const char* name, const std::string& text) {
      if (text.empty()) return;
      row.push_back({name, string_type()});
      slots.push_back(text_slot(text));
    };
    if (spec.qualified() != change.relation || spec.version != change.version) {
      add("of", change.relation);
      add("version", std::to_string(change.version));
      add("owner", change.owner);
    }
    add("part", change.part);
    fields.push_back({"row", struct_type(std::move(row))});
    if (!given_.empty())
      give_standing({product}, "alerts", {change.promise}, cause, nullptr, fields.back().type, slots.data() + row_at);
    write_slots(product, "alerts", cause, row_shape("alerts", std::move(fields)), slots);
  }
}

}  // namespace braid
