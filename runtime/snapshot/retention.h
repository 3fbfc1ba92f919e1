// Which snapshots of a task go, and which files with them.
//
// The last two snapshots that an owner of the task knows to be on its chain are kept, with all newer ones of anybody:
// those may be of the next owner. What is older goes once the second of the two has been there for a while: another
// owner may just have begun to build on it. A file goes with the last manifest that needs it. One that no manifest
// needs may be part of an upload on its way, and goes only when it is older than any upload can be.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/snapshot/manifest.h"

namespace braid {

struct RetentionLimits {
  int64_t superseded_us = int64_t{5} * 60 * 1'000'000;
  /// An upload that takes half of this fails.
  int64_t orphan_us = int64_t{24} * 3600 * 1'000'000;
};

struct ListedManifest {
  ManifestName name;
  std::optional<SnapshotManifest> content;  ///< none: it cannot be read
};

/// Names in the two folders of a task.
struct Removals {
  std::vector<std::string> manifests;  ///< to be removed first, so that none ever misses a file
  std::vector<std::string> files;
};

/// `known`: manifests of the owner's chain. `files` was listed before `manifests`.
Removals plan_retention(std::span<const ListedManifest> manifests, std::span<const std::string> files,
                        std::span<const ManifestName> known, int64_t now_us, const RetentionLimits& limits);

}  // namespace braid
