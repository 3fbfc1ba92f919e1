// Files in memory for tests and the simulation. They record what has been synced, fail operations on request, and lose
// unsynced work in a crash. The seed decides all of it.
//
// What a crash keeps: of each file the synced bytes and a prefix, of any length, of what was appended since; an
// unsynced truncation happened or not. Of entries (created, renamed, removed) those of synced directories and, of the
// others, the first few in the order they were made, as a journal does.
// Threads may share it; then the order of their operations is theirs. Handles from before a crash fail afterwards.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/base/fs.h"
#include "runtime/base/rng.h"

namespace braid {

class SimFs : public Fs {
 public:
  explicit SimFs(uint64_t seed);
  ~SimFs() override;

  Result<FileInfo> stat(const std::string& path) override;
  Result<std::vector<std::string>> list_directory(const std::string& path) override;
  Result<std::unique_ptr<FileReader>> open_reader(const std::string& path) override;
  Result<std::unique_ptr<FileWriter>> open_writer(const std::string& path, OpenMode mode) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<std::string> canonical(const std::string& path) override;
  Result<std::string> unique_id() override;
  /// Gives the file `from` a second name.
  void link(const std::string& from, const std::string& to);

  /// Operations so far: each call above, of a reader or of a writer is one.
  uint64_t operations() const { return operations_; }
  /// Operation number `operation` (the first is 1) fails with that errno, EIO or ENOSPC; an append that fails has
  /// written a part.
  void fail_operation(uint64_t operation, int system_error) { failures_[operation] = system_error; }
  /// From that operation on everything fails with EIO, until crash(). An append at that point is torn.
  void cut_power_at(uint64_t operation) { power_cut_ = operation; }
  bool power_is_cut() const { return power_cut_ != 0 && operations_ >= power_cut_; }
  /// The machine goes down and comes up again.
  void crash();

 private:
  friend class SimReader;
  friend class SimWriter;
  friend class SimLock;

  struct Node {
    bool directory = false;
    uint64_t inode = 0;
    uint64_t links = 1;
    std::string content;
    std::string synced;
    size_t shortest = 0;  ///< length of the bytes that stayed as they were at the last sync
  };
  using NodeRef = std::shared_ptr<Node>;  // shared: entries, durable entries and open handles refer to one file
  struct EntryChange {
    std::vector<std::pair<std::string, NodeRef>> changes;  ///< path → node, or none: removed. A rename has two
    std::string moved_from, moved_to;                      ///< a directory with all below; no `changes`
    bool is_in(const std::string& directory) const;
    /// After a later one that has become durable before this one.
    void follow(const EntryChange& durable);
  };
  using Entries = std::map<std::string, NodeRef>;

  static FileInfo info_of(const Node& node);
  std::string full(const std::string& path) const;
  NodeRef find(const std::string& path) const;
  bool is_empty(const std::string& directory) const;
  /// Counts an operation; returns the error with which it fails, or 0.
  int begin_operation();
  NodeRef new_node();
  void make_durable(const std::string& directory);
  void change_entries(EntryChange change);
  static void apply(const EntryChange& change, Entries& entries);

  std::mutex mutex_;
  const uint64_t seed_;
  Rng rng_;
  uint64_t operations_ = 0;
  uint64_t power_cut_ = 0;
  uint64_t generation_ = 0;
  std::map<uint64_t, int> failures_;
  Entries entries_;
  Entries durable_;
  std::vector<EntryChange> pending_;  ///< not yet durable, oldest first
  std::set<std::string> locks_;
  std::set<const Node*> locked_;  ///< by writers
  uint64_t inodes_ = 0, ids_ = 0;
};

}  // namespace braid
