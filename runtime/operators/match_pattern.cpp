#include "runtime/operators/match_pattern.h"

#include <bit>

#include "runtime/base/check.h"

namespace braid {

MatchPattern::MatchPattern(const MatchOperator& content) : elements_(content.elements), within_us_(content.within_us) {
  BRAID_CHECK(!elements_.empty() && elements_.size() <= 64, "a pattern of so many elements");
  for (const Element& element : elements_) minds_gaps_ |= element.kind == Element::Kind::next;
  const Element& last = elements_.back();
  holds_time_back_ = last.kind != Element::Kind::absent && last.most > last.least;
}

MatchPattern::Ways MatchPattern::ways_of(const OpenMatch& match) const {
  Ways ways;
  const Element& at = elements_[match.element];
  const uint32_t count = match.counts.back();
  ways.stays = count < at.most && !(is_next(match.element) && match.passed_over);
  if (count < at.least) return ways;
  ways.whole = true;
  for (uint32_t e = match.element + 1; e < elements_.size(); ++e) {
    if (elements_[e].kind == Element::Kind::absent) {
      if ((match.forbidden & bit(e)) != 0) {
        // What lies behind it cannot be reached from this row.
        ways.whole = false;
        break;
      }
      ways.forbids |= bit(e);
      continue;
    }
    if (!(is_next(e) && match.passed_over)) ways.targets |= bit(e);
    if (elements_[e].least > 0) {
      ways.whole = false;
      break;
    }
  }
  return ways;
}

void MatchPattern::take(OpenMatch& match, uint32_t element, uint64_t number) {
  if (element != match.element) {
    match.counts.resize(element + 1, 0);
    match.element = element;
  }
  ++match.counts.back();
  match.rows.push_back(number);
  match.passed_over = false;
  match.forbidden = 0;
}

size_t MatchPattern::becomes(const OpenMatch& match, Mask holds) const {
  const Ways ways = ways_of(match);
  const size_t ways_on = (ways.stays && (holds & bit(match.element)) != 0 ? 1 : 0) +
                         static_cast<size_t>(std::popcount(ways.targets & holds));
  return std::max<size_t>(ways_on, 1);
}

bool MatchPattern::advance(OpenMatch& match, uint64_t number, Mask holds, std::vector<OpenMatch>& open,
                           std::vector<Done>& done) const {
  const Ways ways = ways_of(match);
  const bool stays = ways.stays && (holds & bit(match.element)) != 0;
  Mask targets = ways.targets & holds;
  if (!stays && targets == 0) {
    match.passed_over = true;
    match.forbidden |= ways.forbids & holds;
    const Ways left = ways_of(match);
    if (left.complete()) {
      done.push_back({std::move(match)});
      return true;
    }
    if (left.alive()) open.push_back(std::move(match));
    return false;
  }
  auto add = [&](OpenMatch made, uint32_t element) {
    take(made, element, number);
    if (ways_of(made).complete()) {
      done.push_back({std::move(made)});
      return true;
    }
    open.push_back(std::move(made));
    return false;
  };
  const uint32_t at = match.element;
  if (stays && targets == 0) return add(std::move(match), at);
  if (stays && add(match, at)) return true;
  while (targets != 0) {
    const auto element = static_cast<uint32_t>(std::countr_zero(targets));
    targets &= targets - 1;
    if (add(targets == 0 ? std::move(match) : match, element)) return true;
  }
  return false;
}

bool MatchPattern::step(OpenMatches& matches, uint64_t number, std::span<const Mask> holds, bool begins,
                        std::vector<Done>& done, bool& used) const {
  size_t most = begins ? 1 : 0;
  for (size_t i = 0; i < matches.open.size(); ++i) most += becomes(matches.open[i], holds[i]);
  std::vector<OpenMatch> before;
  const size_t done_before = done.size();
  const bool may_be_too_many = most > kMostOpenMatches;
  if (may_be_too_many) before = matches.open;

  std::vector<OpenMatch> open;
  open.reserve(most);
  bool any = false;
  uint64_t last = 0;  // of the matches that have gone out, if there are any
  for (size_t i = 0; i < matches.open.size(); ++i) {
    OpenMatch& match = matches.open[i];
    if (any && match.first() <= last) continue;
    if (!advance(match, number, holds[i], open, done)) continue;
    // Those before it begin no later than it does.
    open.clear();
    any = true;
    last = done.back().match.last();
  }
  if (begins && !(any && last == number)) {
    OpenMatch made;
    made.counts = {0};
    take(made, 0, number);
    if (ways_of(made).complete()) {
      // What is still open began before this row.
      open.clear();
      done.push_back({std::move(made)});
    } else {
      open.push_back(std::move(made));
    }
  }
  if (may_be_too_many && open.size() > kMostOpenMatches) {
    done.resize(done_before);
    matches.open = std::move(before);
    return false;
  }
  used = false;
  matches.references = 0;
  for (const OpenMatch& match : open) {
    matches.references += match.rows.size();
    used |= match.last() == number;
  }
  for (size_t i = done_before; i < done.size(); ++i) used |= done[i].match.last() == number;
  matches.open = std::move(open);
  return true;
}

void MatchPattern::expire(OpenMatches& matches, int64_t time, std::vector<Done>& done) const {
  std::vector<OpenMatch>& open = matches.open;
  size_t begin = 0;  // those before it have ended
  while (begin < open.size() && add_time(matches.row(open[begin].first()).time, within_us_) < time) {
    const uint64_t first = open[begin].first();
    size_t end = begin;
    uint64_t gone = first;  // matches end that begin up to there
    bool found = false;
    for (; end < open.size() && open[end].first() == first; ++end) {
      if (found || !ways_of(open[end]).whole) continue;
      found = true;
      gone = open[end].last();
      done.push_back({open[end], true});
    }
    while (end < open.size() && open[end].first() <= gone) ++end;
    begin = end;
  }
  if (begin == 0) return;
  for (size_t i = 0; i < begin; ++i) matches.references -= open[i].rows.size();
  open.erase(open.begin(), open.begin() + static_cast<std::ptrdiff_t>(begin));
}

}  // namespace braid
