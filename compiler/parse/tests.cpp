// The `test` item and its statements.
#include "compiler/parse/rules.h"

namespace braid::grammar {
namespace {

BRAID_LOCAL_RULE(row, ast::Row)
BRAID_LOCAL_RULE(rows, ast::Rows)
BRAID_LOCAL_RULE(test_step, ast::TestStep)
BRAID_LOCAL_RULE(set_param, ast::SetParam)
BRAID_LOCAL_RULE(given_file, ast::GivenFile)
BRAID_LOCAL_RULE(given_raw, ast::GivenRaw)
BRAID_LOCAL_RULE(given_rows, ast::GivenRows)
BRAID_LOCAL_RULE(delete_rows, ast::DeleteRows)
BRAID_LOCAL_RULE(advance, ast::Advance)
BRAID_LOCAL_RULE(fall_silent, ast::FallSilent)
BRAID_LOCAL_RULE(wait, ast::Wait)
BRAID_LOCAL_RULE(restart, ast::Restart)
BRAID_LOCAL_RULE(expect, ast::Expect)
BRAID_LOCAL_RULE(raw_records, ast::ExprPtr)

/// The list of `given … raw [ … ]` as an expression.
struct RawRecords : Part<RawRecords> {
  template <class Context, class Attribute>
  bool parse(Cursor& first, const Cursor& last, const Context& context, ast::ExprPtr& node, Attribute&) const {
    const Cursor begin = first;
    ast::List list;
    if (!list_literal.parse(first, last, context, x3::unused, list)) return false;
    node = state_of(context).make(begin, first, std::move(list));
    return true;
  }
};
const auto raw_records_def = RawRecords();

const auto row_def = spanned[sign(Sign::range) | set<&ast::Row::fields>(struct_literal)];
const auto rows_def = spanned[brackets(set<&ast::Rows::list>(row))];

const auto set_param_def = kw("param") > set<&ast::SetParam::name>(name) >
                           sign(Sign::bind) > set<&ast::SetParam::value>(tail(expr));
// Three ways to give rows, told apart behind the name of the relation.
const auto given_file_def = kw("given") >> set<&ast::GivenFile::relation>(relation) >>
                            kw("from") > set<&ast::GivenFile::path>(text);
const auto given_raw_def = kw("given") >> set<&ast::GivenRaw::relation>(relation) >>
                           kw("raw") > set<&ast::GivenRaw::records>(raw_records);
const auto given_rows_def = kw("given") > set<&ast::GivenRows::relation>(relation) > set<&ast::GivenRows::rows>(rows);
const auto delete_rows_def = kw("delete") >
                             set<&ast::DeleteRows::relation>(relation) > set<&ast::DeleteRows::rows>(rows);
const auto advance_def = kw("advance") > set<&ast::Advance::relation>(relation) >
                         kw("to") > set<&ast::Advance::to>(time_literal);
const auto fall_silent_def = kw("idle") > set<&ast::FallSilent::relation>(relation);
const auto wait_def = kw("wait") > set<&ast::Wait::duration>(duration);
const auto restart_def = kw("restart");
const auto expect_def = kw("expect") > set<&ast::Expect::relation>(relation) >
                        -(kw("at") > set<&ast::Expect::at>(time_literal)) > set<&ast::Expect::rows>(rows);
const auto test_step_def = spanned[one_of<&ast::TestStep::node>(
    set_param, given_file, given_raw, given_rows, delete_rows, advance, fall_silent, wait, restart, expect)];

const auto test_item_def = kw("test") > set<&ast::Test::name>(text) >
                           -(kw("as") > set<&ast::Test::reader>(principal) > -purposes<&ast::Test::purposes>) >
                           -(kw("in") > kw("order") > is<&ast::Test::in_order>()) >
                           block(lines<&ast::Test::steps>(Group::test_step, "a statement of a test", test_step));

}  // namespace

BOOST_SPIRIT_DEFINE(row, rows, test_step, set_param, given_file, given_raw, given_rows, delete_rows, advance,
                    fall_silent, wait, restart, expect, raw_records)
BOOST_SPIRIT_DEFINE(test_item)
BOOST_SPIRIT_INSTANTIATE(test_item_rule, Cursor, Context)

}  // namespace braid::grammar
