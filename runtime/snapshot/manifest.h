// What a snapshot consists of, and how the objects of a task's snapshots are named (docs/decisions/0027).
//
//   JOB/TASK/files/TIME-ID-PATH                    a file, of one snapshot or of several
//   JOB/TASK/manifests/EPOCH-DIGEST-TIME-ID        a snapshot, put behind all its files
//
// ID is new for each upload and TIME is when the object was put, so no two uploads have a name in common, and a name
// says how old it is. Names and texts are percent-encoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/state/epoch_chain.h"

namespace braid {

/// Whose snapshots; both texts are not empty.
struct SnapshotOwner {
  std::string job, task;

  std::string files() const;      ///< the folder of a store
  std::string manifests() const;  ///< the other one
};

struct SnapshotFile {
  std::string path;  ///< in the folder of the task
  uint64_t size = 0;
  uint64_t hash = 0;   ///< StreamDigest
  std::string object;  ///< in `files()`

  bool operator==(const SnapshotFile&) const = default;
};

struct SnapshotManifest {
  SnapshotOwner owner;
  uint64_t program = 0;
  EpochChain chain;
  std::vector<SnapshotFile> files;

  uint64_t bytes() const;
  std::string encode() const;
  /// The error says what is wrong, without a code. Paths that lead out of a folder are wrong, too.
  static Result<SnapshotManifest> parse(std::string_view text);
};

/// The name of a manifest in `manifests()`.
struct ManifestName {
  EpochChain chain;
  int64_t put_at_us = 0;
  std::string id;  ///< 32 hexadecimal digits

  std::string text() const;
  static std::optional<ManifestName> parse(std::string_view text);
  bool operator==(const ManifestName&) const = default;
};

std::string object_name(int64_t put_at_us, const std::string& id, const std::string& path);
/// When an object of that name was put; none for names of others.
std::optional<int64_t> object_time(std::string_view name);

}  // namespace braid
