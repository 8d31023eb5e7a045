// The former names; new tests import from product-fixture.ts.
export {
  openProduct as openPlace,
  type Product as ProductPlace,
  type ProductChannel as PlaceChannel,
  type RunningProcess,
  runSql,
} from './product-fixture.ts';
