// What one task of a job has counted for promises of `volume`, as a text that its commits carry. So the counts go with
// the rows: who reads the text of all tasks has the sum of a product, and who takes a task over goes on counting.
//
// Of each promise the newest periods are there, so many that the text stays short. What is older is not known to who
// reads it (PromiseCounts::from). Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/promise/published_rows.h"

namespace braid {

/// The promises of `volume` of a program, of products, then of sources: the order of all lists here.
std::vector<const PromiseSpec*> volume_promises(const Program& program);

/// Brokers take 4,096 bytes beside an offset.
inline constexpr size_t kLongestVolumes = 2'048;
/// Of so many promises there is no room for counts.
inline constexpr size_t kMostVolumePromises = 16;
inline constexpr size_t kMostVolumePeriods = 8;

/// Without colons. Empty: there is no promise, or there are too many.
std::string volumes_text(std::span<const PromiseCounts> counts, std::span<const PromiseSpec* const> promises);
/// Nothing if it is not the text of as many promises, of periods as long.
std::optional<std::vector<PromiseCounts>> read_volumes(std::string_view text,
                                                       std::span<const PromiseSpec* const> promises);

/// Of a task that nothing was counted in: its time is not known, so no period is over.
std::vector<PromiseCounts> no_volumes(size_t promises);

}  // namespace braid
