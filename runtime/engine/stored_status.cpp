#include "runtime/engine/stored_status.h"

#include <algorithm>
#include <charconv>

#include "runtime/engine/output_files.h"
#include "runtime/engine/store_identity.h"
#include "runtime/state/wire.h"

namespace braid {
namespace {

Error damaged(std::string_view what) {
  constexpr int kStoreCorrupt = 8002;
  return {ErrorKind::store, "the stored " + std::string(what) + " cannot be read", kStoreCorrupt, 0};
}

/// "shop.order/2/late" → the name, 2, and what follows.
struct Versioned {
  std::string name;
  int64_t version = 1;
  std::string rest;

  explicit Versioned(std::string_view key) {
    const size_t slash = std::min(key.find('/'), key.size());
    name = key.substr(0, slash);
    key.remove_prefix(std::min(slash + 1, key.size()));
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), version);
    (void)error;
    const auto digits = static_cast<size_t>(end - key.data());
    rest = key.substr(std::min(digits + 1, key.size()));
  }
};

class StoredStatus {
 public:
  StoredStatus(StateStore& store, std::string directory) : store_(store), directory_(std::move(directory)) {}

  Result<JobStatus> read() {
    BRAID_TRY(read_job());
    BRAID_TRY(scan("ledger/", [this](std::string_view key, std::string_view value) { return ledger(key, value); }));
    BRAID_TRY(scan("input/", [this](std::string_view key, std::string_view value) { return input(key, value); }));
    BRAID_TRY(scan(OutputFiles::kKeyPrefix,
                   [this](std::string_view key, std::string_view value) { return output(key, value); }));
    std::sort(inputs_.begin(), inputs_.end(), [](const Input& a, const Input& b) {
      return std::tie(a.partition.source, a.ordinal) < std::tie(b.partition.source, b.ordinal);
    });
    for (Input& each : inputs_) status_.partitions.push_back(std::move(each.partition));
    status_.store = store_.figures();
    return std::move(status_);
  }

 private:
  struct Input {
    uint32_t ordinal = 0;
    JobStatus::Partition partition;
  };

  /// Keys come without the prefix.
  Status scan(std::string_view prefix, const StateStore::Visit& visit) {
    return store_.scan(StateFamily::meta, prefix, [&](std::string_view key, std::string_view value) {
      return visit(key.substr(prefix.size()), value);
    });
  }

  Status read_job() {
    std::string value;
    BRAID_ASSIGN(const bool committed, store_.get(StateFamily::meta, "epoch", &value));
    if (committed) status_.epoch = WireReader(value).fixed<uint64_t>();
    BRAID_ASSIGN(const bool ran, store_.get(StateFamily::meta, "engine", &value));
    if (!ran) return {};
    WireReader engine(value);
    (void)engine.fixed<uint16_t>();
    (void)engine.fixed<uint64_t>();  // turns of all runs
    status_.report.events = engine.fixed<int64_t>();
    status_.report.watermark = engine.fixed<int64_t>();
    if (engine.failed()) return damaged("engine state");
    return {};
  }

  Status ledger(std::string_view key, std::string_view value) {
    const std::optional<StoredLedger> stored = StoredLedger::read(value);
    if (!stored) return damaged("ledger of a product");
    const Versioned product(key);
    JobReport::Product line{.name = product.name, .version = product.version};
    for (const auto& [name, of_input] : stored->inputs) {
      line.inputs.push_back({name, of_input});
      status_.report.deviation += std::abs(of_input.deviation());
    }
    line.derived = stored->derived;
    status_.report.deviation += std::abs(stored->derived.deviation());
    line.rows = stored->rows;
    line.alerts = stored->alerts;
    status_.report.products.push_back(std::move(line));
    return {};
  }

  Status input(std::string_view key, std::string_view value) {
    const size_t slash = std::min(key.find('/'), key.size());
    Input input{.partition = {.source = std::string(key.substr(0, slash)),
                              .name = std::string(key.substr(std::min(slash + 1, key.size())))}};
    WireReader in(value);
    input.ordinal = in.fixed<uint32_t>();
    input.partition.position = in.fixed<int64_t>();
    if (in.failed()) return damaged("position of an input");
    std::string stored;
    BRAID_ASSIGN(const bool known, store_.get(StateFamily::meta, "clock/" + std::string(key), &stored));
    if (known) {
      WireReader of_clock(stored);
      const auto clock = of_clock.fixed<PartitionClock>();
      if (of_clock.failed()) return damaged("time of a partition");
      input.partition.watermark = clock.max == kNoTime && clock.floor == kNoTime ? kNoTime : clock.watermark();
      input.partition.idle = clock.idle;
      input.partition.ended = clock.ended;
      status_.report.newest = std::max(status_.report.newest, clock.newest);
    }
    inputs_.push_back(std::move(input));
    return {};
  }

  Status output(std::string_view key, std::string_view value) {
    const Versioned product(key);
    BRAID_ASSIGN(OutputFiles::Stored stored, OutputFiles::read_stored(value));
    if (product.rest.starts_with(OutputFiles::kPartMark)) return part(product, stored);
    status_.outputs.push_back(
        {.product = product.name,
         .version = product.version,
         .port = product.rest,
         .path = stored.place.starts_with('/') ? stored.place : join_path(directory_, stored.place),
         .rows = stored.rows,
         .bytes = stored.committed.bytes});
    return {};
  }

  /// One of several files of a product is shown with the others.
  Status part(const Versioned& product, const OutputFiles::Stored& stored) {
    const std::string_view behind = std::string_view(product.rest).substr(1);
    const std::string folder =
        stored.place.substr(0, stored.place.size() - std::min(behind.size(), stored.place.size()));
    const std::string path = (folder.starts_with('/') ? folder : join_path(directory_, folder)) + "…";
    if (status_.outputs.empty() || status_.outputs.back().path != path ||
        status_.outputs.back().product != product.name || status_.outputs.back().version != product.version)
      status_.outputs.push_back({.product = product.name, .version = product.version, .port = "", .path = path});
    status_.outputs.back().rows += stored.rows;
    status_.outputs.back().bytes += stored.committed.bytes;
    return {};
  }

  StateStore& store_;
  std::string directory_;
  JobStatus status_;
  std::vector<Input> inputs_;
};

}  // namespace

Result<std::optional<JobStatus>> stored_status(StateStore& store, Fs& fs, const std::string& directory) {
  BRAID_ASSIGN(std::optional<StoreIdentity> identity, read_identity(fs, directory));
  BRAID_ASSIGN(std::optional<StoreHeader> header, read_header(store, directory, identity));
  if (!header) return std::optional<JobStatus>();
  BRAID_ASSIGN(JobStatus status, StoredStatus(store, directory).read());
  status.project = header->project;
  return std::optional<JobStatus>(std::move(status));
}

}  // namespace braid
