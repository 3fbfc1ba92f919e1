// What the files of the habits share: a walk over tokens that copies what no rule changes. Private to this folder.
//
// Each rule reads the next tokens (`at`), and those already written (`out_`) for the context to the left. It either
// takes tokens, reports, writes others and returns true, or changes nothing and returns false.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/parse/habits.h"
#include "compiler/parse/words.h"

namespace braid::grammar {

/// "1 hour 30 minutes" as "1h30m"; empty if it is none.
std::string duration_of(std::string_view text);

inline bool is_length(const Token& token) {
  return token.kind == TokenKind::duration;
}

class HabitReader {
 public:
  HabitReader(TokenList& tokens, const SourceSet& sources, std::vector<Diagnostic>& lexical, Reporter& reporter);
  bool run();

 private:
  // -- habit_reader.cpp: walking
  const Token& at(size_t offset = 0) const { return in_[std::min(next_ + offset, in_.size() - 1)]; }
  bool word(size_t offset, std::string_view text) const { return at(offset).is_word(text); }
  bool sign(size_t offset, Sign wanted) const { return at(offset).is(wanted); }
  /// The signs touch, as those of one operator do.
  bool signs(size_t offset, Sign first, Sign second) const;
  bool comes(std::initializer_list<std::string_view> words) const;
  /// The offset of the bracket that closes the one at `offset`, or nothing.
  std::optional<size_t> closing(size_t offset) const;
  /// Offset after the operand that begins at `offset`; the same offset if none does.
  size_t behind_operand(size_t offset) const;
  /// Offset of the line that follows this one's step or item.
  size_t behind_line() const;
  size_t behind_item() const;
  bool in_braces() const { return !open_.empty() && open_.back() == Sign::brace_open; }
  /// The last token written ends a value, so that an operator may follow.
  bool after_operand() const;
  /// Where in `out_` the operand that ends there begins, and where the whole expression does.
  size_t operand_start() const;
  size_t expression_start() const;

  // -- habit_reader.cpp: writing
  void push(Token token);
  void insert(size_t place, Token token);
  void take(size_t count);   ///< copies what comes
  void leave(size_t count);  ///< drops what comes
  void walk(size_t end);     ///< by the rules, up to the token `end` of `in_`
  Token make_word(std::string text, Span span) const;
  Token make_sign(Sign sign, Span span) const;
  Token make_text(std::string text, Span span) const;
  Token make_number(std::string text, Span span) const;
  /// Replaces what was reported: the grammar leaves a hole there and reports nothing.
  Token make_hole(Span span) const;

  // -- habit_reader.cpp: saying
  std::string source(Span span) const { return std::string(sources_.text(span)); }
  Span between(Span first, Span second) const { return {first.file, first.end, second.begin}; }
  Span before(Span span) const { return {span.file, span.begin, span.begin}; }
  Span behind(Span span) const { return {span.file, span.end, span.end}; }
  Span span_of(size_t first, size_t last) const { return cover(at(first).span, at(last).span); }
  /// "`found` is written `wanted`"; findings of the lexer inside `whole` are taken out.
  DiagnosticBuilder spelled(Span place, std::string found, std::string wanted, Span whole);
  /// "There is no `found` in Braid: instead".
  DiagnosticBuilder lacks(Span place, std::string found, std::string instead, Span whole);
  void absorb(Span whole);

  // -- habits.cpp
  void lower_keywords();
  void report_capitals();
  bool comment();
  bool rule();

  // -- habit_statements.cpp
  bool statement();
  bool sql_item();
  bool code_item();
  bool assignment();
  bool sql_step();
  bool order_and_limit();
  bool pipeline_step();
  bool select_list();
  bool union_all();
  bool join_words();
  bool from_list();

  // -- habit_steps.cpp
  bool step_form();
  bool window_words();
  bool window_in_parentheses();
  bool join_range();
  bool length_with_blank();
  bool chain_on_source();
  bool added_to();
  bool all_but_some();
  bool words_of_steps();
  bool comma_between();
  /// The word that leads the step or clause being written; empty if none does.
  std::string_view step_word() const;

  // -- habit_ranks.cpp
  bool words_of_top();
  bool words_of_running();
  bool words_of_match();
  bool in_match() const { return open_.size() == 2 && in_braces_of("match"); }
  /// Directly between the braces of that step.
  bool in_braces_of(std::string_view step) const;

  // -- habit_groups.cpp
  bool words_of_groups();
  bool keys_behind_braces();
  bool group_per();
  bool aggregate_where();
  bool dedupe();
  bool type_as_item();

  // -- habit_flows.cpp
  bool kept_rows();
  bool words_of_elements();
  bool emission();
  bool words_of_state();
  bool words_of_session();
  bool words_of_joins();
  bool flow_of_others();
  bool replace_word(std::string_view wanted, std::string found, std::string shown, std::string_view note = {});
  bool add_word(std::string_view missing, std::string found, std::string shown);

  // -- habit_items.cpp
  bool item_form();
  bool watermark();
  bool clauses_in_braces();
  bool flow_without_braces();
  bool place_without_connector();
  bool function_without_types();
  bool result_without_arrow();
  bool param_without_type();
  bool check_without_name();
  bool field_options();
  bool types_of_state();

  // -- habit_clauses.cpp
  bool promised_not_null();
  bool path_behind_default();
  bool check_action();
  bool owner_without_quotes();
  bool key_in_parentheses();
  bool rows_without_list();

  // -- habit_values.cpp
  bool value_form();
  bool infix_form();
  bool case_arms();
  bool other_if();
  bool comprehension();
  bool try_block();
  bool other_quotes();
  bool other_brackets();
  bool other_lambda();
  bool odd_ends();
  bool format_of_value();

  // -- habit_types.cpp
  /// A type as Braid writes it: `text`, and the tokens of it.
  struct ForeignTypeText {
    size_t end = 0;  ///< offset behind what was read
    std::string text;
    std::vector<Token> tokens;
    std::vector<std::string> notes;
    bool foreign = false;  ///< Braid reads it only in this form
    bool sketch = false;   ///< its digits are a guess
  };
  bool foreign_type();
  bool misspelt_type();
  bool other_container(size_t first);
  bool in_type_place() const;
  bool in_column_place() const;
  std::optional<ForeignTypeText> read_type(size_t offset, int depth) const;

  // -- habit_operators.cpp
  bool infix();
  bool like_pattern();
  bool word_operator();
  bool power();
  bool typed_by_colons();
  bool is_something();
  bool repeated_comparison();
  bool trailing_if();
  bool alias_behind();
  bool window_function();
  bool aggregate_filter();
  bool slice();
  bool odd_signs();
  bool at_time_zone();

  // -- habit_operands.cpp
  bool prefix();
  bool case_when();
  bool cast();
  bool interval();
  bool extract_unit();
  bool time_literal();
  bool distinct_argument();
  bool distinct_entry();
  bool where_in_call();
  bool subquery();
  bool python_lambda();
  bool quoted_text();
  bool if_call();
  bool words_in_call();
  bool odd_entry();

  SourceSet const& sources_;
  TokenList& tokens_;
  std::vector<Diagnostic>& lexical_;
  Reporter& reporter_;
  std::vector<Token> in_;
  std::vector<Token> out_;
  std::vector<Sign> open_;                                ///< brackets that are open behind `out_`
  std::vector<std::pair<size_t, std::string>> capitals_;  ///< keywords in capitals, by their place in `in_`
  std::string item_;                                      ///< the word that leads the item: `stream`, `function`, …
  std::set<std::string> declared_types_;
  bool in_header_ = false;  ///< between the name of an item and its braces, where clauses stand
  int depth_ = 0;           ///< of `walk`
  size_t next_ = 0;
  bool found_ = false;
};

}  // namespace braid::grammar
