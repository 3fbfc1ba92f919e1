// Conditions of `allow … where` and functions of `mask … with` as texts. They come from another hand: a text is one
// that can stand there, and nothing more, before it becomes a part of a script. Pure; any thread.
#pragma once

#include <string>

namespace braid::mesh {

/// `country == "FR"`
bool is_condition(const std::string& text);
/// A function's name, or a lambda: `x => x.left(1)`.
bool is_mask_function(const std::string& text);
/// `anyone`, `role crm`, `domain kpi`, `user "ann"`
bool is_reader(const std::string& text);
/// A word: `reporting`.
bool is_purpose(const std::string& text);

}  // namespace braid::mesh
