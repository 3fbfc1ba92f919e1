#include "runtime/tasks/answer_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace braid {
namespace {

EpochRecord epoch_of(uint64_t number, std::string_view answers, uint64_t attempt = 0) {
  EpochRecord epoch;
  epoch.before = {number - 1, 77 + number};
  epoch.attempt = attempt;
  epoch.answers = digest_of_answers(answers);
  return epoch;
}

TEST(AnswerRecords, ArePiecesThatFitARecord) {
  const std::string answers(10'000, 'x');
  const EpochRecord epoch = epoch_of(3, answers);
  const std::vector<std::string> records = answer_records(epoch, answers, 4096);
  EXPECT_GT(records.size(), 2u);
  AnswerPieces pieces;
  for (const std::string& record : records) {
    EXPECT_LE(record.size() + 400, 4096u);
    EXPECT_TRUE(is_answer_record(record));
    EXPECT_TRUE(pieces.take(record));
  }
  EXPECT_EQ(pieces.join(epoch), answers);
  EXPECT_EQ(pieces.join(epoch), std::nullopt);  // they are forgotten
}

TEST(AnswerRecords, OfAnEpochWithoutQuestionsAreNone) {
  const EpochRecord epoch = epoch_of(3, "");
  EXPECT_THAT(answer_records(epoch, "", 4096), ::testing::IsEmpty());
  AnswerPieces pieces;
  EXPECT_EQ(pieces.join(epoch), "");
}

TEST(AnswerRecords, ARecordOfAnEpochIsNone) {
  const std::string record = epoch_of(3, "answers").encode();
  EXPECT_FALSE(is_answer_record(record));
  AnswerPieces pieces;
  EXPECT_FALSE(pieces.take(record));
  EXPECT_FALSE(pieces.take(""));
}

TEST(AnswerRecords, OfAttemptsThatLieAmongEachOtherAreToldApart) {
  const std::string first(5000, 'a'), second(5000, 'b');
  const EpochRecord one = epoch_of(3, first, 11), other = epoch_of(3, second, 13);
  const auto of_one = answer_records(one, first, 2000), of_other = answer_records(other, second, 2000);
  ASSERT_EQ(of_one.size(), of_other.size());
  AnswerPieces pieces;
  for (size_t i = of_one.size(); i-- > 0;) {
    pieces.take(of_other[i]);
    pieces.take(of_one[i]);
    pieces.take(of_one[i]);
  }
  EXPECT_EQ(pieces.join(other), second);
}

TEST(AnswerRecords, ThatAreNotWholeAreNoAnswers) {
  const std::string answers(5000, 'a');
  const EpochRecord epoch = epoch_of(3, answers);
  const auto records = answer_records(epoch, answers, 2000);
  AnswerPieces pieces;
  for (size_t i = 1; i < records.size(); ++i) pieces.take(records[i]);
  EXPECT_EQ(pieces.join(epoch), std::nullopt);
  AnswerPieces others;
  for (const std::string& record : answer_records(epoch, std::string(5000, 'b'), 2000)) others.take(record);
  EXPECT_EQ(others.join(epoch), std::nullopt);
}

TEST(AnswerRecords, OfEarlierEpochsAreForgotten) {
  const std::string answers = "answers";
  AnswerPieces pieces;
  for (uint64_t number = 1; number <= 4; ++number)
    for (const std::string& record : answer_records(epoch_of(number, answers), answers, 4096)) pieces.take(record);
  pieces.forget(2);
  EXPECT_EQ(pieces.join(epoch_of(2, answers)), std::nullopt);
  EXPECT_EQ(pieces.join(epoch_of(4, answers)), answers);
  EXPECT_EQ(pieces.join(epoch_of(3, answers)), std::nullopt);
}

TEST(AnswerRecords, ChangeTheChain) {
  EXPECT_NE(epoch_of(3, "a").after(), epoch_of(3, "b").after());
  EXPECT_NE(epoch_of(3, "a").after(), epoch_of(3, "").after());
  const EpochRecord epoch = epoch_of(3, "a");
  const Result<EpochRecord> again = EpochRecord::decode(epoch.encode());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->after(), epoch.after());
  EXPECT_EQ(again->answers, epoch.answers);
}

}  // namespace
}  // namespace braid
