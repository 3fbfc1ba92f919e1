// A task for tests: a store whose rows and chain are known, on a machine of its own.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/executor.h"
#include "runtime/base/rng.h"
#include "runtime/base/sim_fs.h"
#include "runtime/snapshot/fetch.h"
#include "runtime/snapshot/folder_store.h"
#include "runtime/snapshot/upload.h"
#include "runtime/state/memory_store.h"
#include "runtime/state/wire.h"

namespace braid::test {

using Rows = std::map<std::string, std::string>;

inline Rows rows_of(StateStore& store) {
  Rows rows;
  EXPECT_TRUE(store
                  .scan(StateFamily::point, "",
                        [&](std::string_view key, std::string_view value) -> Status {
                          rows.emplace(key, value);
                          return {};
                        })
                  .ok());
  return rows;
}

/// One epoch after the other; two tasks with different `branch` leave each other's chain.
inline EpochChain next_chain(EpochChain chain, uint64_t branch = 0) {
  return {chain.epoch + 1, hash_mix(chain.digest, branch + 1)};
}

struct TestTask {
  static constexpr const char* kDirectory = "/data/task";
  SimFs& fs;
  std::unique_ptr<StateStore> store;
  EpochChain chain;
  Rows rows;

  explicit TestTask(SimFs& machine) : fs(machine) { open(); }
  /// As a restart finds it.
  void open() {
    auto opened = MemoryStore::open(fs, std::string(kDirectory) + "/state");
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store = *std::move(opened);
    rows = rows_of(*store);
    std::string text;
    chain = {};
    if (*store->get(StateFamily::meta, "chain", &text)) {
      WireReader in(text);
      chain.epoch = in.fixed<uint64_t>();
      chain.digest = in.fixed<uint64_t>();
    }
  }
  void commit(Rng& rng, uint64_t branch = 0) {
    StateBatch batch;
    for (int i = 0; i < 3; ++i) {
      const std::string key = "k" + std::to_string(rng.below(50));
      if (rng.chance(4)) {
        batch.erase(StateFamily::point, key);
        rows.erase(key);
      } else {
        rows[key] = std::string(rng.below(200), static_cast<char>('a' + rng.below(26)));
        batch.put(StateFamily::point, key, rows[key]);
      }
    }
    chain = next_chain(chain, branch);
    WireWriter text;
    text.fixed(chain.epoch);
    text.fixed(chain.digest);
    batch.put(StateFamily::meta, "chain", text.bytes());
    ASSERT_TRUE(store->commit(batch).ok());
    ASSERT_TRUE(fs.write_file(std::string(kDirectory) + "/identity", "the store").ok());
  }
  Result<FrozenTask> freeze(const std::string& to = "/data/task.frozen") {
    const std::vector<std::string> beside = {"identity", "missing"};
    return freeze_task(fs, *store, kDirectory, beside, to);
  }
};

inline const SnapshotOwner kOwner = {"shop/orders", "3"};
constexpr uint64_t kProgram = 77;

/// The shared folder, in three machines' eyes.
struct SharedFolder {
  SimFs fs;
  ManualClock clock{1'000'000};
  InlineExecutor executor;
  FolderStore store{fs, "/shared"};
  explicit SharedFolder(uint64_t seed) : fs(seed) {}

  /// Without grace: old snapshots go at once.
  static UploadOptions prompt() {
    UploadOptions options;
    options.retention.superseded_us = 0;
    return options;
  }
  UploadResult upload(TestTask& task, SnapshotUploader& uploader) {
    clock.advance_us(1'000'000);
    auto frozen = task.freeze();
    EXPECT_TRUE(frozen.ok()) << frozen.error().message;
    uploader.begin(*std::move(frozen), task.chain, kProgram);
    return uploader.wait();
  }
  SnapshotUploader uploader(SimFs& machine, UploadOptions options = prompt()) {
    return {store, machine, clock, executor, kOwner, options};
  }
  /// On a new machine.
  Result<FetchResult> fetch(SimFs& machine, uint64_t newest_epoch,
                            const std::function<bool(const SnapshotManifest&)>& fits = {}) {
    const FetchRequest request{kOwner, newest_epoch, fits ? fits : [](const SnapshotManifest&) { return true; },
                               TestTask::kDirectory};
    const std::atomic<bool> stop = false;
    return fetch_snapshot(store, machine, request, stop);
  }
  std::vector<std::string> files() { return *store.list(kOwner.files()); }
  std::vector<std::string> manifests() { return *store.list(kOwner.manifests()); }
};

}  // namespace braid::test
