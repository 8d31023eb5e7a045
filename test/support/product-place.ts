// The former names; new tests import from product-fixture.ts.
export {
  noticeTexts,
  openProduct as openPlace,
  type Product as ProductPlace,
  type ProductChannel as PlaceChannel,
  type RunningProcess,
  runSql,
  unhurriedCallbacks,
} from './product-fixture.ts';
