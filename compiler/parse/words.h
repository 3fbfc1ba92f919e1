// The words that lead items, clauses and steps: where parsing may go on after a mistake, and what a misspelled word was
// meant to be.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "compiler/parse/token.h"

namespace braid::grammar {

enum class Group { item, clause, promise, step, test_step, body };

std::span<const std::string_view> words_of(Group group);
bool is_reserved(std::string_view word);

/// A line begins here with a word of the group, and what follows shows that it is not a name.
bool starts(Group group, Cursor at);
bool starts_any(Cursor at);
/// A line begins here with an unknown word, and continues like a step or clause.
bool looks_like_line(Cursor at);

/// The candidate that `word` misspells, if one is close enough.
std::optional<std::string_view> closest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace braid::grammar
